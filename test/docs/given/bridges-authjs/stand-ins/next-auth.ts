// Version 5, of which version 4 is installed here: what it takes, in the types of @auth/core.
import type { AuthConfig } from '@auth/core';
import type { NextRequest } from 'next/server';

export interface NextAuthConfig extends Omit<AuthConfig, 'raw'> {}

interface Made {
  readonly handlers: Record<'GET' | 'POST', (request: NextRequest) => Promise<Response>>;
  readonly auth: () => Promise<object | null>;
  readonly signIn: (provider?: string) => Promise<unknown>;
  readonly signOut: () => Promise<unknown>;
}

export default function NextAuth(
  _config: NextAuthConfig | ((request: NextRequest | undefined) => NextAuthConfig | Promise<NextAuthConfig>),
): Made {
  throw new Error('not run');
}
