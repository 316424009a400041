import { digest128 } from '../base/digest.js';
import type { CodeSite } from '../model/code-site.js';
import type { CodeRow } from '../model/records.js';
import { SourceBook } from './source-book.js';

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
  // Files that are as an earlier process found them need no parser.
  const { gatherSources } = await import('./gather-sources.js');
  const { project } = options;
  const gathered = await gatherSources(roots, { root, mask: options.mask, loadedAt: site.madeAt, ...(project === undefined ? {} : { project }) });
  const { list, consulted, packed } = gathered;
  ofSite.set(masking, packed.digest);
  if (masking === '' && !packed.hasChanged) await book.save(packed.digest, list, consulted);
  return { digest: packed.digest, contents: packed.contents };
}
