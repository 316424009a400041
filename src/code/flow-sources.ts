import { digest128 } from '../base/digest.js';
import type { CodeSite } from '../model/code-site.js';
import type { CodeRow } from '../model/records.js';
import { packSources } from './pack-sources.js';
import { SourceBook } from './source-book.js';
import { listSources, type SourceList } from './source-list.js';
import { type Consulted, loadParser, Sources } from './sources.js';

export interface FlowSourcesOptions {
  /** A folder for what earlier processes found out. */
  readonly books: string;
  /** A folder whose files are the project's, besides those around the nearest package.json. */
  readonly project?: string;
  /** What must not be kept. */
  readonly secrets: readonly string[];
  readonly mask: (text: string) => string;
  /** Whether the package of this digest is kept already. */
  isKept(digest: string): Promise<boolean>;
}

/** The code that a process has loaded does not change any more: by site, then by what is masked, its digest. */
const known = new WeakMap<CodeSite, Map<string, string>>();

/**
 * The sources of a flow, to be kept with a run of it: all that the file it is defined in loads. Without contents where these are kept already,
 * which mostly takes no more than a look at the times of the files. Undefined where nobody can tell where the flow was defined.
 */
export async function flowSources(site: CodeSite, options: FlowSourcesOptions): Promise<CodeRow | undefined> {
  const roots = [...new Set(site.places().map(({ file }) => file))].filter((file) => !/[\\/]node_modules[\\/]/.test(file));
  const [root] = roots;
  if (root === undefined) return undefined;
  const masking = options.secrets.length === 0 ? '' : digest128(JSON.stringify(options.secrets));
  const ofSite = known.get(site) ?? new Map<string, string>();
  known.set(site, ofSite);
  const book = new SourceBook(options.books, root);
  // A book knows nothing of secrets.
  const before = ofSite.get(masking) ?? (masking === '' ? book.find() : undefined);
  if (before !== undefined && (await options.isKept(before))) return { digest: before };
  const { list, consulted } = await sourcesFrom(roots);
  const { project } = options;
  const packed = await packSources(list, { root, mask: options.mask, loadedAt: site.madeAt, ...(project === undefined ? {} : { project }) });
  ofSite.set(masking, packed.digest);
  if (masking === '' && !packed.hasChanged) await book.save(packed.digest, list, consulted);
  return { digest: packed.digest, contents: packed.contents };
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
