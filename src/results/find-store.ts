import type { ArtifactRef } from '../model/artifact.js';
import type { ResultStore } from '../model/result-store.js';
import { storeAt } from './known-stores.js';
import { artifactUri, locationOf } from './store-address.js';

/** Stores in which a result may lie. */
export interface Whereabouts {
  /** To be tried in this order. Empty: it lies in a store that this process does not have. */
  readonly stores: readonly ResultStore[];
  /** The store that wrote it is among them: what is in none of them is gone. Otherwise it may still lie where it was written. */
  readonly certain: boolean;
}

/**
 * Old results are found where they were put, also when the task has got another store since. A store that has moved (a project folder, a
 * bucket) has the same keys inside: it is looked into as well, since what is read is checked by its digest.
 */
export function findStores(ref: ArtifactRef, explicit: ResultStore | undefined, standard: ResultStore): Whereabouts {
  const given = explicit === undefined || explicit === standard ? [standard] : [explicit, standard];
  const writers = given.filter((store) => artifactUri(store, ref.key) === ref.uri);
  if (writers.length > 0) return { stores: writers, certain: true };
  const location = locationOf(ref);
  const writer = location === undefined ? undefined : storeAt(location);
  const alike = given.filter((store) => ref.uri.startsWith(`${store.scheme}:`));
  return writer === undefined ? { stores: alike, certain: false } : { stores: [writer, ...alike], certain: true };
}
