import type { BetterAuthOptions } from 'better-auth';

export const database: NonNullable<BetterAuthOptions['database']> = {} as never;
