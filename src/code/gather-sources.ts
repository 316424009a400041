import { type PackedSources, type PackOptions, packSources } from './pack-sources.js';
import { listSources, type SourceList } from './source-list.js';
import { type Consulted, loadParser, Sources } from './sources.js';

export interface GatheredSources {
  readonly list: SourceList;
  readonly consulted: Consulted;
  readonly packed: PackedSources;
}

/** Follows the imports of some files, and reads all that they load. */
export async function gatherSources(roots: readonly string[], options: PackOptions): Promise<GatheredSources> {
  const { list, consulted } = await sourcesFrom(roots);
  return { list, consulted, packed: await packSources(list, options) };
}

async function sourcesFrom(roots: readonly string[]): Promise<{ readonly list: SourceList; readonly consulted: Consulted }> {
  try {
    const sources = new Sources(await loadParser());
    return { list: listSources(sources, roots), consulted: sources.consulted };
  } catch {
    // The parser's native part is missing: tasks run all the same, and nobody knows what these files import.
    return { list: { files: roots, packages: {} }, consulted: { files: new Set(), isComplete: false } };
  }
}
