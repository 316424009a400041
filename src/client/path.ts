import { describe, MillraceError } from '../base/error.js';
import type { ArtifactInfo, FlowInfo, RunInfo, StepInfo, TaskInfo } from '../flow/past.js';

/** What lies at a path, by how many parts it has. */
export type InfoAt<P extends string> = string extends P
  ? FlowInfo | RunInfo | StepInfo | TaskInfo | ArtifactInfo
  : P extends `${string}/${string}/${string}/${string}/${string}`
    ? ArtifactInfo
    : P extends `${string}/${string}/${string}/${string}`
      ? TaskInfo
      : P extends `${string}/${string}/${string}`
        ? StepInfo
        : P extends `${string}/${string}`
          ? RunInfo
          : FlowInfo;

export interface InfoPath {
  readonly flow: string;
  readonly run?: string;
  readonly step?: string;
  readonly task?: string;
  readonly artifact?: string;
}

const MOST_PARTS = 5;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
const CONTROL = /[\u0000-\u001f\u007f]/;

/** @throws MillraceError `PATH_INVALID` */
export function parsePath(path: string): InfoPath {
  const parts = typeof path === 'string' ? path.split('/') : [];
  if (parts.length === 0 || parts.length > MOST_PARTS || parts.some((part) => part === '' || part === '.' || part === '..' || CONTROL.test(part))) {
    throw new MillraceError('PATH_INVALID', `expected a path such as 'iris/latest/train/0/model'; got ${describe(path)}`, {
      hint: 'Its parts are the flow, a run or latest, the task, the place or id of a task run, and an artifact; up to any of them.',
    });
  }
  const [flow = '', run, step, task, artifact] = parts;
  return {
    flow,
    ...(run === undefined ? {} : { run }),
    ...(step === undefined ? {} : { step }),
    ...(task === undefined ? {} : { task }),
    ...(artifact === undefined ? {} : { artifact }),
  };
}
