import { posix, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MillraceError } from '../../base/error.js';
import type { ResultStore } from '../../model/result-store.js';
import type { Serializer } from '../../model/serializer.js';
import { customAddress, type Target, type TaskTarget } from '../../model/target.js';
import { targetInvalid, unknownExtension } from '../../model/target-template.js';
import type { TaskDefinition } from '../../model/task-definition.js';
import { serializerForExtension } from '../formats/built-in.js';
import { json } from '../json.js';
import { knownStores, rememberStore } from '../known-stores.js';
import { localStore } from '../local-store.js';
import { s3Store } from '../s3-store.js';
import { artifactUri } from '../store-address.js';
import { checkStoreKey } from '../store-key.js';
import { type TargetCall, type TargetPath, targetPath } from './target-path.js';

/** Where the result of one call lies: a key of a store, or a place that knows itself. */
export type TargetPlace = FilePlace | CustomPlace;

interface Place {
  /** For people: as the user wrote it, relative to the project where it is. */
  readonly shown: string;
  /** What tells it from other places, also in cache keys: the same wherever the project lies. */
  readonly name: string;
  /** The address in the record. */
  readonly uri: string;
}

export interface FilePlace extends Place {
  readonly kind: 'file';
  readonly store: ResultStore;
  readonly key: string;
  readonly serializer: Serializer;
  /** To the project, or to a store. */
  readonly isRelative: boolean;
}

export interface CustomPlace extends Place {
  readonly kind: 'custom';
  readonly target: Target;
}

/** Where relative paths begin, and where nobody's result belongs. */
export interface TargetRoots {
  /** The project's root folder. */
  readonly root: string;
  /** The project folder itself; undefined where nothing is kept on disk. */
  readonly home: string | undefined;
  /** The flow's own store. */
  readonly store: ResultStore | undefined;
  /** Whether a text holds a secret. @default none does */
  readonly holdsSecret?: (text: string) => boolean;
}

/**
 * Where a call's result belongs (S26). Text instead of a place: its path cannot be told before its inputs are known.
 * @throws MillraceError `TARGET_INVALID`
 */
export function targetPlace(definition: TaskDefinition, call: TargetCall, roots: TargetRoots): TargetPlace | string {
  const { target, name } = definition;
  if (target === undefined) throw new TypeError(`'${name}' has no target`);
  if (target.kind === 'custom') {
    const uri = customAddress(target.target, name);
    return { kind: 'custom', target: target.target, uri, name: uri, shown: uri };
  }
  const path = targetPath(target, call);
  if (roots.holdsSecret?.(path.text)) throw secretInPath(target, name);
  if (!path.isWhole) return target.kind === 'template' ? path.text : '';
  return filePlace(definition, path, roots);
}

/** The path itself is not told: it would tell the secret. */
function secretInPath(target: TaskTarget, task: string): MillraceError {
  const what = target.kind === 'template' ? `'${target.template.text}'` : 'what its function gave';
  return targetInvalid(
    task,
    `${what} holds a secret, and names of files are shown everywhere`,
    'Take another parameter or input to tell files apart.',
  );
}

function filePlace(definition: TaskDefinition, path: TargetPath, roots: TargetRoots): FilePlace {
  const { name, store = roots.store } = definition;
  const serializer = serializerOf(definition, path);
  const [inside, key, prefix] = locate(name, path, store, roots);
  const isRelative = prefix === '' || prefix === `${store?.scheme}:`;
  try {
    checkStoreKey(key);
    const own = inside.localPath?.(key);
    const home = roots.home === undefined ? undefined : resolve(roots.home) + sep;
    if (own !== undefined && home !== undefined && own.startsWith(home)) throw new Error('it lies in the project folder, which is for records');
    const uri = artifactUri(inside, key);
    return { kind: 'file', store: inside, key, serializer, isRelative, uri, name: `${prefix}${key}`, shown: prefix === '' ? key : uri };
  } catch (error) {
    const why =
      error instanceof MillraceError && error.code === 'STORE_KEY_INVALID' ? 'it leads out of its root, or is no path' : (error as Error).message;
    throw targetInvalid(name, `'${path.text}' cannot be used: ${why}`, 'Give the task a store of its own, or an absolute path.', error);
  }
}

/** @returns the store, the key inside it, and what stands before the key in the place's name */
function locate(task: string, path: TargetPath, store: ResultStore | undefined, { root }: TargetRoots): readonly [ResultStore, string, string] {
  const { text } = path;
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(text)) return text.startsWith('file://') ? absolute(fileURLToPath(text), '') : remote(task, text);
  if (resolve(text) === text || text.startsWith('/')) return absolute(text, path.literal);
  const key = posix.normalize(text);
  return store === undefined ? [rememberStore(localStore(root)), key, ''] : [store, key, `${store.scheme}:`];
}

/** Its root is the last folder that was written out, so that values cannot lead anywhere else. */
function absolute(path: string, literal: string): readonly [ResultStore, string, string] {
  const folder = (literal === '' || literal === path ? path : literal).replace(/[^/\\]*$/, '');
  const key = path.slice(folder.length).replaceAll('\\', '/');
  return [rememberStore(localStore(folder)), posix.normalize(key), folder];
}

/** In a store of that location that this process has made, with the credentials and settings that it has; else in the bucket of that name. */
function remote(task: string, address: string): readonly [ResultStore, string, string] {
  const [known] = knownStores()
    .filter(({ location }) => location !== undefined && address.startsWith(location))
    .sort((a, b) => (b.location?.length ?? 0) - (a.location?.length ?? 0));
  if (known?.location !== undefined) return [known, address.slice(known.location.length), known.location];
  const [, bucket, key] = /^s3:\/\/([^/]+)\/(.+)$/.exec(address) ?? [];
  if (bucket === undefined || key === undefined)
    throw targetInvalid(task, `no store of this process has '${address}'`, 'Give the task the store: store: …');
  const made = s3Store({ bucket });
  return [made, key, made.location ?? ''];
}

/** @throws MillraceError `TARGET_INVALID` */
function serializerOf({ name, serializer }: TaskDefinition, { extension, text }: TargetPath): Serializer {
  if (serializer !== undefined) return serializer;
  if (extension === '') return json();
  const found = serializerForExtension(extension);
  if (found !== undefined) return found;
  throw unknownExtension(name, text, extension);
}
