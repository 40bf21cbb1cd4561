// Express gives every request and response another prototype. In V8 before version 13 (Node 20 and 22) each then has a
// shape of its own, and every property that is added copies it: what a middleware adds would cost several times as much
// as all that it does. An object from which a property was taken is kept as a dictionary, and a dictionary takes
// properties at once. Nothing else changes: test/process/many-properties.test.ts.

const HELPS = Number.parseInt(process.versions.v8 ?? '99', 10) < 13;

/**
 * Makes room for properties.
 *
 * @param name an own, ordinary property of it: it stays as it is, as the last one
 */
export function takeManyProperties<T extends object>(object: T, name: keyof T, helps: boolean = HELPS): void {
  if (!helps || !Object.hasOwn(object, name)) return;
  const value = object[name];
  delete object[name];
  object[name] = value;
}
