import type { FileRead } from '../model/file-read.js';
import { stateOf } from './file-digests.js';
import { knownAtGlance } from './glance.js';
import type { Places } from './places.js';
import { ask, RESTLESS } from './question.js';

/** Files named in a reason; the rest is counted. */
const NAMED = 3;

/** A file whose answer is not what an earlier run got. */
export interface ChangedRead {
  readonly path: string;
  readonly how: 'changed' | 'gone' | 'new' | 'while it was read';
}

/**
 * Puts the questions of an earlier run again, until one has another answer (S22b). Synchronous, unless a large file has to be digested.
 * @returns undefined: what was read then would be read now
 */
export function firstChange(reads: readonly FileRead[], places: Places, from = 0): ChangedRead | undefined | Promise<ChangedRead | undefined> {
  for (let at = from; at < reads.length; at++) {
    const read = reads[at] as FileRead;
    const now = answerNow(read, places);
    if (typeof now === 'string') {
      if (now !== read.answer) return changed(read, now);
    } else return now.then((answer) => (answer === read.answer ? firstChange(reads, places, at + 1) : changed(read, answer)));
  }
  return undefined;
}

/** All of them, for people. */
export async function changedReads(reads: readonly FileRead[], places: Places): Promise<readonly ChangedRead[]> {
  const found = new Map<string, ChangedRead>();
  for (const read of reads) {
    const now = await answerNow(read, places);
    if (now !== read.answer && !found.has(read.path)) found.set(read.path, changed(read, now));
  }
  return [...found.values()];
}

/** Larger files take too long to be digested for the sake of an explanation. */
const SMALL_BYTES = 1024 * 1024;
/** Who reads thousands of files is told of the first. */
const MOST_COMPARED = 200;

/** Those that are found out at once: what else may have changed beside a call that is asked for the first time anyway. */
export function changedSmallReads(reads: readonly FileRead[], places: Places): readonly ChangedRead[] {
  const found = new Map<string, ChangedRead>();
  for (const read of reads.slice(0, MOST_COMPARED)) {
    if (found.has(read.path) || stateOf(places.pathOf(read.path)).bytes > SMALL_BYTES) continue;
    const now = answerNow(read, places);
    if (typeof now === 'string' && now !== read.answer) found.set(read.path, changed(read, now));
  }
  return [...found.values()];
}

/** `data.csv, rates.json (gone) and 4 more` */
export function changesText(changes: readonly ChangedRead[]): string {
  const named = changes.slice(0, NAMED).map(({ path, how }) => (how === 'changed' ? path : `${path} (${how})`));
  return changes.length > NAMED ? `${named.join(', ')} and ${changes.length - NAMED} more` : named.join(', ');
}

/** Tasks of one flow read the same files: what was answered a moment ago, with nothing in between that could have changed it, is not asked again. */
function answerNow({ path, question, answer, seen }: FileRead, places: Places): string | Promise<string> {
  const known = knownAtGlance(places.root, path);
  const told = known.get(question) ?? (seen !== undefined && known.get(STATE) === seen ? answer : undefined);
  if (told !== undefined) return told;
  const absolute = places.pathOf(path);
  if (seen !== undefined) {
    const { state } = stateOf(absolute);
    if (state !== undefined) known.set(STATE, state);
    if (state === seen) return answer;
  }
  const now = ask(places, absolute, question);
  if (now instanceof Promise) return now.then((content) => content.answer);
  known.set(question, now.answer);
  return now.answer;
}

/** No question is an empty word. */
const STATE = '';

function changed({ path, question, answer }: FileRead, now: string): ChangedRead {
  if (question === RESTLESS) return { path, how: 'while it was read' };
  const how = isNothing(now) ? 'gone' : isNothing(answer) ? 'new' : 'changed';
  return { path, how };
}

function isNothing(answer: string): boolean {
  return answer === 'absent';
}
