import type { ResultStore } from '../model/result-store.js';

const STORES = Symbol.for('millrace.stores');

/** On globalThis, because a flow file and the command line may each load a copy of the package. */
function stores(): Map<string, ResultStore> {
  const shared = globalThis as { [STORES]?: Map<string, ResultStore> };
  shared[STORES] ??= new Map();
  return shared[STORES];
}

/** What a store wrote is found by its address from now on, wherever it is asked for in this process. The last one made of a location counts. */
export function rememberStore<S extends ResultStore>(store: S): S {
  if (store.location !== undefined) stores().set(store.location, store);
  return store;
}

/**
 * The store at a location, if this process has made one. None is made for an address: whether it sends a request, and with whose credentials,
 * is for the user to say (S33).
 */
export function knownStoreAt(location: string): ResultStore | undefined {
  return stores().get(location);
}

/** All stores that this process has made and that have a location. */
export function knownStores(): readonly ResultStore[] {
  return [...stores().values()];
}
