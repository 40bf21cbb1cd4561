export class AppModule {}
export class WebhooksController {}
export class SettingsController {}
