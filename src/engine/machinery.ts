import type { Clock } from '../base/clock.js';
import type { TaskGraph } from '../graph/task-graph.js';
import type { RunTrigger } from '../model/asset.js';
import type { CachePolicy } from '../model/cache-policy.js';
import type { ScheduledTime } from '../model/schedule.js';
import type { TaskContext } from '../model/task-context.js';
import type { TaskDefinition } from '../model/task-definition.js';
import type { Places } from '../reads/places.js';
import type { ResultKeeper } from '../results/result-keeper.js';
import type { Answers } from './answer.js';
import type { Attempts } from './attempts.js';
import type { Claims, ClaimsParts } from './claims.js';
import type { Externals } from './externals.js';
import type { FailFast } from './fail-fast.js';
import type { Failures } from './failures.js';
import type { Force } from './force.js';
import type { ForceSpread } from './force-spread.js';
import type { LimitRegistry } from './limit-registry.js';
import type { Maps } from './maps.js';
import type { NodeInputs } from './node-inputs.js';
import type { NodeResults } from './node-results.js';
import type { NodeTable } from './node-table.js';
import type { Notes } from './notes.js';
import type { Observer } from './observer.js';
import type { ReadLogs } from './read-logs.js';
import type { Reuse } from './reuse.js';
import type { Sensors } from './sensors.js';
import type { SideOutput, SideOutputs } from './side-output.js';
import type { SingleFlight } from './single-flight.js';
import type { Targets, TargetsParts } from './targets.js';

/** What a run is made of: handed to its engine from outside. */
export interface EngineParts {
  readonly run: {
    readonly id: string;
    readonly flowName: string;
    readonly params: Readonly<Record<string, unknown>>;
    readonly scheduled: ScheduledTime;
    readonly triggers?: readonly RunTrigger[];
  };
  /** Empty: it grows while it runs. */
  readonly graph: TaskGraph;
  /** Task runs at the same time. */
  readonly concurrency: number;
  /** Of maps that say nothing themselves. */
  readonly maxSplits: number | undefined;
  readonly clock: Clock;
  readonly keeper: ResultKeeper;
  /** Whether results of tasks that are not cached are stored too (S19): not where nothing is meant to outlive the process. */
  readonly keepAll: boolean;
  readonly reuse: Reuse;
  /** Asked before anything executes. @default `reuse` */
  readonly answers?: Answers | undefined;
  /** Where keys are claimed, and for whom. */
  readonly claims: Pick<ClaimsParts, 'record' | 'run' | 'epoch'>;
  /** Named limits that other processes use too. @default those of the process */
  readonly limits?: LimitRegistry | undefined;
  /** Which files count as inputs of the tasks that read them. */
  readonly places: Places;
  /** The run's time, and where relative addresses begin. */
  readonly targets: Pick<TargetsParts, 'time' | 'roots'>;
  readonly defaultCache: CachePolicy | false | undefined;
  /** The flow's, for tasks that do not say otherwise. */
  readonly defaults: Partial<TaskDefinition>;
  readonly force: Force;
  /** Freezes what tasks are handed. */
  readonly strict: boolean;
  readonly onFailure: 'finish-independent' | 'cancel-rest';
  readonly observer: Observer;
  /** Takes the secrets out of what was thrown (S18). */
  readonly maskError: (thrown: unknown) => void;
  /** From 0 to below 1: spreads retries. */
  readonly random: () => number;
  /** The context of a sub-flow's body. */
  readonly bodyContext: (params: Readonly<Record<string, unknown>>, sideOutput: SideOutput) => TaskContext;
  readonly sideOutputs: SideOutputs;
}

/** What the engine has made of it: the state of one run, and those that look after a part of it each. */
export interface Machinery {
  readonly parts: EngineParts;
  readonly graph: TaskGraph;
  readonly nodes: NodeTable;
  readonly notes: Notes;
  readonly results: NodeResults;
  readonly inputs: NodeInputs;
  readonly failures: Failures;
  readonly attempts: Attempts;
  readonly maps: Maps;
  readonly flights: SingleFlight;
  readonly claims: Claims;
  readonly reads: ReadLogs;
  readonly targets: Targets;
  readonly externals: Externals;
  readonly sensors: Sensors;
  /** Only where forced tasks take along what they feed. */
  readonly forceSpread: ForceSpread | undefined;
  /** Only where a failure is to stop the rest. */
  readonly failFast: FailFast | undefined;
}
