import { describe, MillraceError } from '../../base/error.js';
import { nearest } from '../../base/nearest.js';
import { ANYTHING, checkOptions, type OptionKind, YES_OR_NO } from '../../flow/option-kinds.js';
import type { RunQuery } from '../../flow/past.js';
import { RUN_STATES } from '../../model/states.js';

/** What runs are asked for by. What each must be is told with a hint of its own. */
export type Query = RunQuery & { readonly flow?: string };

const WHOSE = ' of the runs that are asked for';

const QUERY: Readonly<Record<keyof Query, OptionKind>> = {
  flow: ANYTHING,
  state: ANYTHING,
  tags: ANYTHING,
  since: ANYTHING,
  until: ANYTHING,
  params: ANYTHING,
  limit: ANYTHING,
  before: ANYTHING,
};

/** A filter that nothing can pass is a mistake, and an empty list does not say so. @throws MillraceError `RUN_QUERY_INVALID` */
export function checkQuery(query: Query): void {
  checkOptions(QUERY, query, 'RUN_QUERY_INVALID', WHOSE);
  const { state, since, until, limit, tags } = query;
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

/** @throws MillraceError `RUN_QUERY_INVALID` */
export function checkLatest(options: { readonly successful?: boolean }): void {
  checkOptions({ successful: YES_OR_NO }, options, 'RUN_QUERY_INVALID', ' of the run that is asked for');
}

function checkMoment(name: 'since' | 'until', value: unknown): void {
  if (value !== undefined && !(value instanceof Date && Number.isFinite(value.getTime()))) {
    refuse(name, 'a Date', value, `Write new Date('2026-11-20T09:30').`);
  }
}

function refuse(name: keyof RunQuery, expected: string, got: unknown, hint?: string): never {
  const sentence = `expected '${name}'${WHOSE} to be ${expected}; got ${describe(got)}`;
  throw new MillraceError('RUN_QUERY_INVALID', sentence, hint === undefined ? {} : { hint });
}
