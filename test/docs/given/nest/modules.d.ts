// Packages that are not installed here, as far as the page uses them.
declare module '@nestjs/core' {
  interface Factory {
    create<App>(module: unknown, adapter?: unknown): Promise<App>;
  }
  export const NestFactory: Factory;
}
declare module '@nestjs/platform-express' {
  import type { RequestHandler } from 'express';
  export interface NestExpressApplication {
    use(...handlers: RequestHandler[]): this;
    useBodyParser(type: 'json' | 'urlencoded', options?: { extended: boolean }): this;
    listen(port: number | string): Promise<unknown>;
  }
}
declare module '@nestjs/platform-fastify' {
  import type { FastifyInstance } from 'fastify';
  export class FastifyAdapter {}
  export interface NestFastifyApplication {
    readonly register: FastifyInstance['register'];
    listen(port: number | string): Promise<unknown>;
  }
}
declare module '@nestjs/common' {
  import type { RequestHandler } from 'express';

  interface Applied {
    exclude(...routes: string[]): this;
    forRoutes(...routes: string[]): MiddlewareConsumer;
  }
  export interface MiddlewareConsumer {
    apply(...middleware: RequestHandler[]): Applied;
  }
  export interface NestModule {
    configure(consumer: MiddlewareConsumer): void;
  }
  export const Module: (metadata: { controllers: readonly unknown[] }) => ClassDecorator;
  export const Controller: (path?: string) => ClassDecorator;
  export const Post: (path: string) => MethodDecorator;
  export const Redirect: (url: string, status: number) => MethodDecorator;
  export const Session: () => ParameterDecorator;
  export const Body: () => ParameterDecorator;
}
