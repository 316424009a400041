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
 * Of a task whose code did not count (it is not cached), the record says no more than its name: where just one file declares that name, this is
 * what is shown.
 */
export function declaredTask(task: string, { files }: RunSources): TaskCode | undefined {
  const places = files.flatMap(({ path, declarations = [] }) => declarations.filter(([name]) => name === task).map(() => path));
  const [only] = places;
  return only === undefined || places.length > 1 ? undefined : { files: [[only, [task]]], packages: [] };
}
