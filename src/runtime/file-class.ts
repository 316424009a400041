import { FileReference } from '../reads/file-reference.js';
import type { Places } from '../reads/places.js';
import { registerClass } from '../results/class-registry.js';
import { findHome, placesOf } from './home.js';

interface StoredFile {
  /** As `Places` calls it, so that a project may be moved. */
  readonly path: string;
  readonly digest: string;
  readonly bytes: number;
}

/** Lets `file()` be an argument, whose digest counts in cache keys, and a part of results. */
export function teachFiles(): void {
  registerClass(FileReference, {
    name: 'millrace.File',
    encode: ({ path, digest, bytes }): StoredFile => ({ path: currentPlaces().nameOf(path), digest, bytes }),
    decode: ({ path, digest, bytes }: StoredFile) => new FileReference(currentPlaces().pathOf(path), digest, bytes),
  });
}

/** Looking for the project's folder costs more than all else about a reference, and there may be thousands. */
let known: { readonly cwd: string; readonly home: string | undefined; readonly places: Places } | undefined;

function currentPlaces(): Places {
  const cwd = process.cwd();
  const home = process.env.MILLRACE_HOME;
  if (known?.cwd !== cwd || known.home !== home) known = { cwd, home, places: placesOf(findHome()) };
  return known.places;
}
