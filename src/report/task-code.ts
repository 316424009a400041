import type { CacheEntryRow } from '../model/records.js';
import type { RunRecord, TaskRunDetails } from '../runs/run-record.js';
import type { TaskCode } from './report-data.js';

/** Of runs with more tasks than this, no code is looked up: their reports are about something else. */
const MOST_TASKS = 200;
/** Among the newest entries of a task; results of older code have been forgotten, or are rarely asked for. */
const NEWEST = 200;

/** What of the code of each cached task counted, as the record keeps it beside results: declarations by file, and packages. */
export async function codeOfTasks(record: RunRecord, run: string, rows: readonly TaskRunDetails[]): Promise<ReadonlyMap<string, TaskCode>> {
  const runsOf = new Map<string, Set<string>>();
  for (const { task, cacheKey, origin } of rows) {
    if (cacheKey === undefined) continue;
    const runs = runsOf.get(task) ?? new Set([run]);
    if (origin) runs.add(origin.run);
    runsOf.set(task, runs);
  }
  const found = new Map<string, TaskCode>();
  if (runsOf.size > MOST_TASKS) return found;
  for (const [task, runs] of runsOf) {
    const entries = await record.entriesOfTask(task, NEWEST);
    const entry = entries.find((one) => one.run === run) ?? entries.find((one) => runs.has(one.run));
    if (entry !== undefined) found.set(task, codeOf(entry));
  }
  return found;
}

function codeOf({ code, version, codeParts }: CacheEntryRow): TaskCode {
  const { files, packages } = partsOf(codeParts);
  return {
    digest: code.slice(0, 12),
    ...(version === undefined ? {} : { version }),
    files: Object.entries(files).map(([file, names]) => [file, Object.keys(names)] as const),
    packages: Object.entries(packages),
  };
}

interface Parts {
  readonly files: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly packages: Readonly<Record<string, string>>;
}

function partsOf(text: string | undefined): Parts {
  try {
    const { files, packages } = JSON.parse(text ?? '{}') as Partial<Parts>;
    return { files: files ?? {}, packages: packages ?? {} };
  } catch {
    return { files: {}, packages: {} };
  }
}
