import type { RunRow } from '../model/records.js';
import type { RunRecord, TaskRunDetails } from '../runs/run-record.js';
import { type CodeAtRun, CodeOfRuns } from './made-with.js';
import type { FormerCode, TaskCode } from './report-data.js';

/** Of results of more runs than this it is only told which run made them. */
const MOST_RUNS = 20;
/** So many characters of source text are in a page beside those of the run itself. */
const LONGEST_TOGETHER = 400_000;

export interface FormerCodes {
  readonly all: readonly FormerCode[];
  /** By place of the task run, which of them its result was made with; -1: nobody knows, since the run that made it has been removed. */
  readonly of: Readonly<Record<number, number>>;
}

/** What code results were made with that the run took from others, where it is not what this run has: a resume takes over what has changed since. */
export async function formerCodes(
  record: RunRecord,
  run: RunRow,
  rows: readonly TaskRunDetails[],
  reached: ReadonlyMap<string, TaskCode>,
): Promise<FormerCodes> {
  const lookUp = new CodeOfRuns(record);
  const all: FormerCode[] = [];
  const of: Record<number, number> = {};
  const numbers = new Map<string, number | undefined>();
  let left = LONGEST_TOGETHER;
  for (const [id, places] of placesByMaker(run.id, rows)) {
    const maker = await record.run(id);
    if (maker === undefined) for (const place of places) of[place] = -1;
    if (maker === undefined || maker.codePackage === undefined || maker.codePackage === run.codePackage) continue;
    const made = await madeThere(record, id, places, rows);
    for (const place of places) {
      const { task, origin } = rows[place] as TaskRunDetails;
      if (!made.has(origin?.index as number)) {
        of[place] = -1;
        continue;
      }
      const key = `${id} ${task}`;
      if (!numbers.has(key)) numbers.set(key, await add(maker, task));
      const number = numbers.get(key);
      if (number !== undefined) of[place] = number;
    }
  }
  return { all, of };

  /** Undefined: it was the same, or there is nothing to compare. */
  async function add(maker: RunRow, task: string): Promise<number | undefined> {
    if (new Set(all.map((one) => one.run)).size >= MOST_RUNS) return all.push({ run: maker.id }) - 1;
    const before = await lookUp.of(maker, task, reached.get(task));
    const now = await lookUp.of(run, task, reached.get(task));
    if (before === undefined || isSame(before, now)) return undefined;
    const files = before.code.files.flatMap(([path, names]) => {
      const text = before.texts.get(path);
      return text === undefined ? [] : [{ path, names, text }];
    });
    const length = files.reduce((sum, { text }) => sum + text.length, 0);
    if (length > left) return all.push({ run: maker.id }) - 1;
    left -= length;
    return all.push({ run: maker.id, files }) - 1;
  }
}

/** By the run that made them, the newest first: places of results that were taken from others. */
function placesByMaker(run: string, rows: readonly TaskRunDetails[]): readonly (readonly [run: string, places: readonly number[]])[] {
  const places = new Map<string, number[]>();
  rows.forEach(({ origin }, place) => {
    if (origin === undefined || origin.run === run) return;
    const known = places.get(origin.run);
    if (known) known.push(place);
    else places.set(origin.run, [place]);
  });
  return [...places].sort(([a], [b]) => (a < b ? 1 : -1));
}

/** Places of the maker's rows that it made itself: what it was handed when another run was removed, that one has made. */
async function madeThere(record: RunRecord, maker: string, places: readonly number[], rows: readonly TaskRunDetails[]): Promise<ReadonlySet<number>> {
  const indexes = [...new Set(places.map((place) => rows[place]?.origin?.index as number))];
  const made = await record.taskRuns(maker, { indexes });
  return new Set(made.filter(({ state }) => state === 'success').map(({ index }) => index));
}

function isSame(before: CodeAtRun, now: CodeAtRun | undefined): boolean {
  return now !== undefined && before.texts.size === now.texts.size && [...before.texts].every(([path, text]) => now.texts.get(path) === text);
}
