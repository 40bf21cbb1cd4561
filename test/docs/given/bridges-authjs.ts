import type { Adapter } from '@auth/core/adapters';

export const adapter: Adapter = {};
