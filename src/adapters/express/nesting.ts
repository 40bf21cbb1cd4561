// One app inside another, each with a Keyturn of its own: whose session a request has, and until when.
import { BINDING } from '../../http/bound.js';
import type { Keyturn } from '../../keyturn.js';
import type { Binding, BoundRequest } from './binding.js';

/** The binding of a request to a Keyturn: of this app, or of one around it. */
export function boundTo(request: BoundRequest, keyturn: Keyturn): Binding | undefined {
  let binding = request[BINDING];
  while (binding !== undefined && binding.opened.keyturn !== keyturn) binding = binding.outer;
  return binding;
}

/** Puts a binding in force: until the request is back in the router where the one before was made. */
export function enter(request: BoundRequest, binding: Binding): void {
  const outer = request[BINDING];
  request[BINDING] = binding;
  if (outer !== undefined && outer !== binding) leaveWithRouter(request, outer);
}

/**
 * A router that hands a request on tells nobody, but it puts `req.next` back first. That is listened to here, and only
 * where one app stands inside another.
 */
function leaveWithRouter(request: BoundRequest, outer: Binding): void {
  const former = Object.getOwnPropertyDescriptor(request, 'next');
  // Both stand in one router: the later one counts for all that follows.
  if (former === undefined || request.next === outer.router) return;
  let current = request.next;
  Object.defineProperty(request, 'next', {
    configurable: true,
    enumerable: true,
    get: () => current,
    set: (next: unknown) => {
      current = next;
      if (next !== outer.router) return;
      request[BINDING] = outer;
      Object.defineProperty(request, 'next', former);
      // Around that one, too, an app may be listening.
      request.next = next;
    },
  });
}
