import { fileURLToPath } from 'node:url';
import type { ResultStore } from '../model/result-store.js';
import { localStore } from './local-store.js';

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

/** Without a host, and without a slash that is none. */
const LOCAL_FOLDER = /^file:\/\/\/(?!.*%2f)/i;

/**
 * The store at a location: one that this process has made, or a folder. Nothing else is opened by its address: where an address alone would
 * send a request, and with whose credentials, is for the user to say (S33).
 */
export function storeAt(location: string): ResultStore | undefined {
  const known = stores().get(location);
  if (known !== undefined || !LOCAL_FOLDER.test(location)) return known;
  return localStore(fileURLToPath(location));
}
