import { describe, MillraceError } from '../../base/error.js';
import { nearest } from '../../base/nearest.js';
import type { RunQuery } from '../../flow/past.js';
import { RUN_STATES } from '../../model/states.js';

/** A filter that nothing can pass is a mistake, and an empty list does not say so. @throws MillraceError `RUN_QUERY_INVALID` */
export function checkQuery({ state, since, until, limit, tags }: RunQuery): void {
  if (state !== undefined && !RUN_STATES.includes(state)) {
    const meant = nearest(String(state), RUN_STATES);
    refuse('state', `one of ${RUN_STATES.join(', ')}`, state, meant === undefined ? undefined : `Did you mean '${meant}'?`);
  }
  checkMoment('since', since);
  checkMoment('until', until);
  if (limit !== undefined && limit !== Number.POSITIVE_INFINITY && !(Number.isSafeInteger(limit) && limit >= 0)) {
    refuse('limit', 'a whole number from 0', limit);
  }
  if (tags !== undefined && !(Array.isArray(tags) && tags.every((tag) => typeof tag === 'string'))) refuse('tags', 'a list of tags', tags);
}

function checkMoment(name: 'since' | 'until', value: unknown): void {
  if (value !== undefined && !(value instanceof Date && Number.isFinite(value.getTime()))) {
    refuse(name, 'a Date', value, `Write new Date('2026-11-20T09:30').`);
  }
}

function refuse(name: keyof RunQuery, expected: string, got: unknown, hint?: string): never {
  const sentence = `expected '${name}' of the runs that are asked for to be ${expected}; got ${describe(got)}`;
  throw new MillraceError('RUN_QUERY_INVALID', sentence, hint === undefined ? {} : { hint });
}
