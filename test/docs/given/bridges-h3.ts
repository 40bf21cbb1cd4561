import type { H3Event } from 'h3';

interface Nitro {
  hooks: { hook(name: 'request', handler: (event: H3Event) => Promise<void>): void };
}

// Nuxt has them everywhere.
export declare function defineNitroPlugin(plugin: (nitro: Nitro) => void): unknown;
export declare function useRuntimeConfig(event: H3Event): { session: { password: unknown } };
