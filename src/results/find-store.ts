import { fileURLToPath } from 'node:url';
import type { ArtifactRef } from '../model/artifact.js';
import type { ResultStore } from '../model/result-store.js';
import { knownStoreAt } from './known-stores.js';
import { localStore } from './local-store.js';
import { artifactUri, locationOf } from './store-address.js';

/** Stores in which a result may lie. */
export interface Whereabouts {
  /** To be tried in this order. Empty: it lies in a store that this process does not have. */
  readonly stores: readonly ResultStore[];
  /** The store that wrote it is among them: what is in none of them is gone. Otherwise it may still lie where it was written. */
  readonly certain: boolean;
}

/**
 * Where a result can be had for reuse. Old results are found where they were put, also when the task has got another store since, while this
 * process has that store. A store that has moved (a project folder, a bucket) has the same keys inside: it is looked into as well, since what
 * is read is checked by its digest.
 */
export function findStores(ref: ArtifactRef, explicit: ResultStore | undefined, standard: ResultStore): Whereabouts {
  const given = explicit === undefined || explicit === standard ? [standard] : [explicit, standard];
  const writers = given.filter((store) => artifactUri(store, ref.key) === ref.uri);
  if (writers.length > 0) return { stores: writers, certain: true };
  const location = locationOf(ref);
  const writer = location === undefined ? undefined : knownStoreAt(location);
  const alike = given.filter((store) => ref.uri.startsWith(`${store.scheme}:`));
  return writer === undefined ? { stores: alike, certain: false } : { stores: [writer, ...alike], certain: true };
}

/**
 * Where a result can be read: a folder can always be looked into. For reuse it does not count, or a copy of a project would live on the
 * results of the original.
 */
export function storesToRead(ref: ArtifactRef, explicit: ResultStore | undefined, standard: ResultStore): readonly ResultStore[] {
  const { stores, certain } = findStores(ref, explicit, standard);
  const location = certain ? undefined : locationOf(ref);
  return location !== undefined && LOCAL_FOLDER.test(location) ? [...stores, localStore(fileURLToPath(location))] : stores;
}

/** Without a host, and without a slash that is none. */
const LOCAL_FOLDER = /^file:\/\/\/(?!.*%2f)/i;
