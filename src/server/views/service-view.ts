import type { ServiceRow } from '../../runs/service/served.js';
import { iso } from '../json.js';

export function serviceView({ id, owner, folder, startedAt, seenAt, draining }: ServiceRow) {
  return { id, host: owner.host, pid: owner.pid, folder, startedAt: iso(startedAt), seenAt: iso(seenAt), draining };
}
