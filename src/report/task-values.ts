import { TASK_DEFAULTS } from '../model/task-definition.js';
import type { TaskRunDetails } from '../runs/run-record.js';
import type { ValueView } from './report-data.js';
import { LARGEST_VALUE, type ReportSource } from './report-source.js';
import { viewOf } from './value-view.js';

/** Of so many task runs the results are read; of all others it is said how to get them. */
const MOST_VALUES = 1_000;
/** And no more than this many bytes in all: a report is one file. */
const MOST_BYTES = 4_000_000;

/** What the task runs gave, by place, those outside of maps first. A result that cannot be read is told as that: the rest of the report stands. */
export async function valuesOf({ keeper }: ReportSource, rows: readonly TaskRunDetails[]): Promise<Readonly<Record<number, ValueView>>> {
  const views: Record<number, ValueView> = {};
  const places = rows.map((_, place) => place).filter((place) => (rows[place] as TaskRunDetails).artifacts.length > 0);
  const ordered = [...places.filter((place) => !isElement(rows[place])), ...places.filter((place) => isElement(rows[place]))];
  const chosen: number[] = [];
  let left = MOST_BYTES;
  for (const place of ordered) {
    const bytes = bytesOf(rows[place] as TaskRunDetails);
    if (bytes > LARGEST_VALUE) views[place] = { kind: 'none', why: 'it is too large to be shown here' };
    else if (chosen.length < MOST_VALUES && bytes <= left) {
      chosen.push(place);
      left -= bytes;
    } else views[place] = { kind: 'none', why: 'the results of many more task runs are not in this report' };
  }
  const requests = chosen.map((place) => ({ artifacts: (rows[place] as TaskRunDetails).artifacts, definition: TASK_DEFAULTS }));
  const loaded = await keeper.loadMany(requests);
  chosen.forEach((place, at) => {
    const one = loaded[at];
    if (one !== undefined) views[place] = 'error' in one ? unreadable(one.error) : viewOf(one.value);
  });
  return views;
}

/** A custom format, a store that only the flow file knows, or bytes that are gone. */
export function unreadable(error: unknown): ValueView {
  return { kind: 'none', why: error instanceof Error ? error.message : String(error) };
}

function isElement(row: TaskRunDetails | undefined): boolean {
  return row?.id.endsWith(']') === true;
}

function bytesOf({ artifacts }: TaskRunDetails): number {
  return artifacts.reduce((sum, { ref }) => sum + ref.bytes, 0);
}
