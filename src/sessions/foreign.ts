// What a session answers to calls as other libraries have them: it is long, rare, and in the middle of synchronous code. Whoever
// opens an app says how it is had at once.
import { Rare } from '../process/awaited.js';

export const foreignCalls: Rare<typeof import('./foreign-calls.js')> = new Rare(
  () => import('./foreign-calls.js'),
);
