// The name of an app: what keeps two apps on one secret, in one engine or on one host apart.
import type { Settings } from './layers.js';
import { NO_APP } from './value.js';

/** Undefined: an app without a name. */
export type AppName = string | undefined;

/** The app's own name, under which keys sign, and the other one that is verified and read while it changes. */
export type AppNames = readonly [own: AppName, ...other: AppName[]];

export function appNames(settings: Settings): AppNames {
  const accepts = settings.get('app_accepts');
  const own = settings.get('app');
  return accepts === undefined ? [own] : [own, accepts === NO_APP ? undefined : accepts];
}

/** What is said of an app in a message. */
export function appInWords(app: AppName): string {
  return app === undefined ? 'no app name' : `the app name ${app}`;
}

/** The name of the session cookie without the prefix of production. One that is set stays as it is. */
export function sessionCookieName(settings: Settings, app: AppName): string {
  const name = settings.get('session.cookie.name');
  const isSet = settings.origin('session.cookie.name')?.layer !== 'built-in';
  return isSet || app === undefined ? name : name.replace('.', `.${app}.`);
}

/** The beginning of every key in Redis. */
export function redisPrefix(settings: Settings, app: AppName): string {
  const prefix = settings.get('session.redis.prefix');
  return app === undefined ? prefix : `${prefix}${app}:`;
}
