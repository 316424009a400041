import type { Backfill } from '../../runs/service/backfills.js';
import { iso, isoOr, plainParams } from '../json.js';

export function backfillView({ id, flow, schedule, reprocess, direction, maxActive, state, params, from, to, createdAt, finishedAt }: Backfill) {
  return {
    id,
    flow,
    schedule,
    from: iso(from),
    to: iso(to),
    params: plainParams(params),
    reprocess,
    direction,
    maxActive,
    state,
    createdAt: iso(createdAt),
    finishedAt: isoOr(finishedAt),
  };
}
