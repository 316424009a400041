import { valueDigest } from '../../base/canonical.js';
import type { RunRow } from '../../model/records.js';
import { taughtForm } from '../../results/class-registry.js';
import { decodeText, encodeText } from '../../results/json.js';
import { runsAfter } from '../../runs/every-run.js';
import type { RunFilter } from '../../runs/run-record.js';
import type { Project } from '../project.js';
import { checkQuery, type Query } from './run-query.js';

const PAGE = 50;

/**
 * Runs as they are asked for, newest first, a page at a time. Pages go by key, so that runs which are added meanwhile shift nothing.
 * @throws MillraceError `RUN_UNKNOWN` when `before` is none, `RUN_QUERY_INVALID`
 */
export async function* runPages(open: () => Promise<Project>, query: Query): AsyncGenerator<readonly RunRow[]> {
  checkQuery(query);
  const { filter, isMeant } = filterOf(query);
  let left = query.limit ?? Number.POSITIVE_INFINITY;
  let last: RunRow | undefined;
  while (left > 0) {
    // Where runs are compared one by one, many may have to be looked at for one that is meant.
    const limit = isMeant === undefined ? Math.min(PAGE, left) : PAGE;
    const page = await nextPage(open, { ...filter, limit }, last);
    const found = (isMeant === undefined ? page : page.filter(isMeant)).slice(0, left);
    if (found.length > 0) yield found;
    left -= found.length;
    last = page.at(-1);
    if (page.length < limit) return;
  }
}

async function nextPage(open: () => Promise<Project>, filter: RunFilter, last: RunRow | undefined): Promise<readonly RunRow[]> {
  await using project = await open();
  return await runsAfter(project.record, filter, last);
}

function filterOf({ flow, state, tags, since, until, params = {}, before }: Query): { filter: RunFilter; isMeant?: (row: RunRow) => boolean } {
  const scalars = Object.entries(params).filter(([, value]) => isScalar(value));
  const others = Object.entries(params).filter(([, value]) => !isScalar(value));
  const filter: RunFilter = {
    ...(flow === undefined ? {} : { flow }),
    ...(state === undefined ? {} : { state }),
    ...(tags === undefined ? {} : { tags }),
    ...(since === undefined ? {} : { since: since.getTime() }),
    ...(until === undefined ? {} : { until: until.getTime() }),
    ...(before === undefined ? {} : { before }),
    ...(scalars.length === 0 ? {} : { params: Object.fromEntries(scalars.map(([name, value]) => [name, [encodeText(value)]])) }),
  };
  return others.length === 0 ? { filter } : { filter, isMeant: (row) => others.every(([name, value]) => isEqual(row.params[name], value)) };
}

/** Written in one way only. */
function isScalar(value: unknown): boolean {
  return typeof value !== 'object' || value === null || value instanceof Date;
}

/** However its keys are ordered (S21). */
function isEqual(recorded: string | undefined, value: unknown): boolean {
  return recorded !== undefined && valueDigest(decodeText(recorded), taughtForm) === valueDigest(value, taughtForm);
}
