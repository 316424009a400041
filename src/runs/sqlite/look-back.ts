/** What the record is asked by those who look back, or tidy up: loaded when one of them does, for a run that is recorded needs none of it. */
export { amendRun } from './amend-run.js';
export { findLogs } from './find-logs.js';
export { findFlows, findRun, findRuns } from './find-runs.js';
export { findChosenAddresses, findTaskRuns } from './look-ups.js';
export { removeRuns } from './removal.js';
export { findMetrics, findRunArtifacts } from './side-results.js';
