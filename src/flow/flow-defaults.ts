import type { FlowDefinition } from './flow-runtime.js';

/** A flow that says nothing but what it does. */
export const FLOW_DEFAULTS: Omit<FlowDefinition, 'name' | 'body' | 'code'> = Object.freeze({
  description: undefined,
  owner: undefined,
  params: undefined,
  cache: undefined,
  store: undefined,
  concurrency: undefined,
  tags: [],
  defaults: {},
  timeoutMs: undefined,
  retries: 0,
  schedule: [],
  on: [],
  missed: 'latest',
  overlap: 'queue',
  maxActiveRuns: undefined,
  dependsOnPast: false,
  deadlineMs: undefined,
  lateAfterMs: 60_000,
  notify: [],
  hooks: {},
  strict: false,
  orphans: 'wait',
  onFailure: 'finish-independent',
});
