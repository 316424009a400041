import { WHY_LEFT } from '../code/code-package.js';
import { declarationReader } from '../code/declarations.js';
import { readCodePackage, readFileTexts } from '../code/read-package.js';
import type { RunRow } from '../model/records.js';
import type { RunRecord } from '../runs/run-record.js';
import type { RunSources, SourceFile, TaskCode } from './report-data.js';

/** So many characters of source text are in a page. */
const LONGEST_TOGETHER = 1_000_000;
/** Of a file of more characters, the page has none. */
const LONGEST_FILE = 200_000;

/** The source files of a run, with their texts as far as a page has room. Undefined: none are kept. */
export async function runSources(record: RunRecord, { id, codePackage }: RunRow): Promise<RunSources | undefined> {
  const kept = await readCodePackage(record, codePackage);
  if (kept === undefined) return undefined;
  const texts = await readFileTexts(record, kept.files);
  const read = await declarationReader();
  let room = LONGEST_TOGETHER;
  const files = kept.files.map(({ path, bytes, left, changed }): SourceFile => {
    const file = { path, bytes, ...(changed ? { changed } : {}) };
    if (left !== undefined) return { ...file, why: `it is not kept: ${WHY_LEFT[left]}` };
    const text = texts.get(path);
    if (text === undefined) return { ...file, why: 'it is missing in the record, or damaged' };
    if (text.length > Math.min(LONGEST_FILE, room)) return { ...file, why: 'it is too long for this page', command: commandFor(id, path) };
    room -= text.length;
    const declarations = read(path, text)?.map(({ name, start, end }) => [name, start, end] as const);
    return { ...file, text, ...(declarations === undefined ? {} : { declarations }) };
  });
  return { files, packages: Object.entries(kept.packages) };
}

function commandFor(run: string, path: string): string {
  return `millrace inspect ${run} --code '${path.replaceAll("'", "'\\''")}'`;
}

/**
 * Of tasks whose code did not count (they are not cached), the record says no more than their names: where just one file declares a name, this is
 * what is shown.
 */
export function declaredTasks(tasks: ReadonlySet<string>, { files }: RunSources): ReadonlyMap<string, TaskCode> {
  const places = new Map<string, string[]>();
  for (const { path, declarations = [] } of files) {
    for (const [name] of declarations) if (tasks.has(name)) places.set(name, [...(places.get(name) ?? []), path]);
  }
  const alone = [...places].filter(([, paths]) => paths.length === 1);
  return new Map(alone.map(([task, [path = '']]) => [task, { files: [[path, [task]]], packages: [] }]));
}
