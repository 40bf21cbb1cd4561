import type { AuthOptions } from 'next-auth';

export declare const providers: AuthOptions['providers'];
export declare const adapter: NonNullable<AuthOptions['adapter']>;
