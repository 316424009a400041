/** `millrace/client`: looks up what was run, from any process, script or notebook. */
export { MillraceError } from '../base/error.js';
export type {
  ArtifactInfo,
  CodeFileInfo,
  CodeInfo,
  FlowInfo,
  Listing,
  LogQuery,
  MetricInfo,
  NoteInfo,
  RunInfo,
  RunQuery,
  StepInfo,
  TaskInfo,
} from '../flow/past.js';
export type { PruneOptions, Removal } from '../runtime/past/removal.js';
export { type Client, type ClientOptions, client } from './client.js';
export type { InfoAt } from './path.js';
