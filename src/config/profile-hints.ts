// What to do about a profile that was not meant.
import { isSlipOf, nearest } from './nearest.js';
import type { ProfileDecision, Variables } from './profile.js';

/** What to do about production rules where they were not meant; undefined where they were asked for by name. */
export function productionHint({ profile, by, signal }: ProfileDecision, env: Variables): string | undefined {
  if (profile !== 'prod') return undefined;
  switch (by) {
    case 'NODE_ENV': {
      const meant = env.NODE_ENV === 'production' ? undefined : intendedProfile(env.NODE_ENV ?? '');
      if (env.NODE_ENV === 'production') return undefined;
      return meant === undefined
        ? 'if this is not a server, set KEYTURN_ENV=dev'
        : `if NODE_ENV was meant to be "${meant}", write it so`;
    }
    case 'container':
      return 'if you develop in this container, set KEYTURN_ENV=dev in it';
    case 'platform':
      return signal.startsWith('systemd')
        ? 'if this is your own machine, set KEYTURN_ENV=dev'
        : 'if this is not a server, set KEYTURN_ENV=dev';
    case 'nothing':
      return 'if this is your own machine, set KEYTURN_ENV=dev (or start it as a package script named "dev", or at a terminal)';
    default:
      return undefined;
  }
}

/** What `NODE_ENV` was most likely to be, where it is neither that nor something else that is in use. */
export function intendedProfile(node: string): 'development' | 'test' | undefined {
  if (/^(?:dev|devel|develop|local)$/i.test(node)) return 'development';
  if (/^tests?$|^testing$/i.test(node)) return 'test';
  const near = nearest(node, ['development', 'test', 'production', 'staging', 'preview']);
  return (near === 'development' || near === 'test') && isSlipOf(node, near) ? near : undefined;
}
