import { wallTime } from '../base/clock.js';
import { OWN_FOLDERS } from '../base/own-files.js';
import type { CodeFunction, CodeMember, CodeSite, SourcePlace } from '../model/code-site.js';
import { callSitesIn, normalPath, stackAbove } from './call-site.js';

/** Helpers that make tasks are called by others: how far out the function may be written. */
const FRAMES = 6;

/** When and where a function of ours was called. */
export interface CallTrace {
  readonly madeAt: number;
  places(): readonly SourcePlace[];
}

/** @param callee whose caller is meant: it and what it calls are left out */
export function traceCall(callee: CodeFunction): CallTrace {
  let stack: (() => string) | undefined = OWN_FOLDERS.length === 0 ? undefined : stackAbove(callee, FRAMES);
  let found: readonly SourcePlace[] | undefined;
  return {
    madeAt: wallTime(),
    places: () => {
      found ??= placesIn(stack);
      // A stack keeps what was on it.
      stack = undefined;
      return found;
    },
  };
}

function placesIn(stack: (() => string) | undefined): readonly SourcePlace[] {
  if (stack === undefined) return [];
  try {
    return [...callSitesIn(stack())].map(({ location, line, column }) => ({ file: normalPath(location), line, column }));
  } catch {
    return [];
  }
}

export interface SiteDetails {
  readonly members?: readonly CodeMember[];
  readonly also?: string;
}

export function codeSite(kind: CodeSite['kind'], code: CodeFunction | undefined, trace: CallTrace, { members, also }: SiteDetails = {}): CodeSite {
  return { kind, code, members, also, madeAt: trace.madeAt, places: trace.places };
}
