import { systemClock } from '../base/clock.js';
import type { TaskCode } from '../code/task-code.js';
import { Engine } from '../engine/engine.js';
import { Journal } from '../engine/journal.js';
import type { OnlyTasks } from '../engine/only-tasks.js';
import { Recording } from '../engine/recording.js';
import type { Resumption } from '../engine/resumption.js';
import { Reuse } from '../engine/reuse.js';
import { type SideOutput, SideOutputs } from '../engine/side-output.js';
import { DEFAULT_CONCURRENCY, type FlowDefinition } from '../flow/flow-runtime.js';
import type { ResolvedParameters } from '../flow/parameters.js';
import { scopes } from '../flow/scope.js';
import { TaskGraph } from '../graph/task-graph.js';
import { captureOutput, type OutputCapture, type OutputTarget } from '../log/capture.js';
import { asLatin1, createMask, type Mask } from '../log/mask.js';
import { maskError } from '../log/mask-error.js';
import { printLine } from '../log/print-line.js';
import type { ScheduledTime } from '../model/schedule.js';
import { secretTexts } from '../model/secret.js';
import type { TaskContext } from '../model/task-context.js';
import type { ResultKeeper } from '../results/result-keeper.js';
import { answersIn } from './answers.js';
import { codeOfFlow } from './code-of-flow.js';
import { keeperFor, type Project, rootsOf } from './project.js';
import { forceOf } from './run-force.js';
import type { RunInProgress } from './run-handle.js';
import type { StartOptions } from './run-options.js';

/** Nobody has taken a new run from its owner yet. */
export const FIRST_EPOCH = 1;

/** What is asked for: this flow, with these parameters, like this, in this project. */
export interface RunRequest {
  readonly handle: RunInProgress;
  readonly flow: FlowDefinition;
  readonly params: ResolvedParameters;
  readonly options: StartOptions;
  readonly project: Project;
  /** The time it stands for. */
  readonly scheduled: ScheduledTime;
}

/** The parts of one run, joined. */
export interface RunParts extends RunRequest {
  readonly id: string;
  readonly mask: Mask;
  /** Takes the secrets out of what was thrown; where there are none, it is not touched. */
  readonly maskError: (thrown: unknown) => void;
  readonly capture: OutputCapture | undefined;
  readonly keeper: ResultKeeper;
  readonly code: TaskCode;
  readonly journal: Journal;
  readonly recording: Recording;
  readonly sideOutputs: SideOutputs;
  readonly engine: Engine;
  /** Undefined: keys alone answer calls. */
  readonly answers: Resumption | OnlyTasks | undefined;
}

/** What the parts call back. */
export interface RunCallbacks {
  /** The record refused a batch. */
  readonly onRecordError: (error: Error) => void;
  /** The context of a body. */
  readonly context: (params: Readonly<Record<string, unknown>>, sideOutput: SideOutput) => TaskContext;
}

export function joinParts(request: RunRequest, callbacks: RunCallbacks): RunParts {
  const { handle, flow, params, options, project, scheduled } = request;
  const { record, lasting, places } = project;
  // Secret parameters, and those of the environment that were declared by now (S18).
  const secrets = [...params.secrets, ...secretTexts()];
  const mask = createMask(secrets);
  const hide = (thrown: unknown): void => {
    if (secrets.length > 0) maskError(thrown, mask);
  };
  const capture = options.logStdout === false ? undefined : captureOutput(currentOutput);
  const keeper = keeperFor(project, flow.store);
  const triggers = options.due?.triggers ?? [];
  const run = { id: handle.id, flowName: flow.name, params: params.values, scheduled, triggers };
  const graph = new TaskGraph();
  const code = codeOfFlow(flow, project);
  const reuse = new Reuse({ record, keeper, clock: systemClock, code, places, run });
  const onError = (error: unknown): void => callbacks.onRecordError(error as Error);
  const journal = new Journal({ record, run: run.id, epoch: FIRST_EPOCH, clock: systemClock, onError });
  const recording = new Recording({
    graph,
    run: run.id,
    flow: flow.name,
    journal,
    hub: handle.hub,
    reuse,
    recordAll: lasting,
    now: systemClock.now,
    mask,
    flushOutput: (capture?.flush ?? ignored) as (output: object) => void,
    echo: options.echo === false ? undefined : printLine,
  });
  const sideOutputs = new SideOutputs({
    keeper,
    journal,
    hub: handle.hub,
    now: systemClock.now,
    masks: secrets.length === 0 ? undefined : { text: mask, bytes: createMask(secrets, asLatin1) },
    warn: ({ index, attempt }, text) => recording.line(index < 0 ? undefined : index, attempt, 'warn', text),
  });
  const force = forceOf(options);
  const answers = answersIn(options, { reuse, force, recording, graph });
  const engine = new Engine({
    run,
    graph,
    concurrency: options.maxWorkers ?? flow.concurrency ?? DEFAULT_CONCURRENCY,
    maxSplits: options.maxSplits,
    clock: systemClock,
    keeper,
    keepAll: lasting,
    reuse,
    answers,
    claims: { record, run: run.id, epoch: FIRST_EPOCH },
    limits: project.limits?.registry,
    places,
    targets: { time: new Date(systemClock.now()), roots: rootsOf(project, flow.store, mask) },
    defaultCache: flow.cache,
    defaults: flow.defaults,
    random: Math.random,
    force,
    strict: flow.strict,
    onFailure: flow.onFailure,
    observer: recording,
    maskError: hide,
    bodyContext: callbacks.context,
    sideOutputs,
  });
  return { ...request, id: handle.id, mask, maskError: hide, capture, keeper, code, journal, recording, sideOutputs, engine, answers };
}

function ignored(): void {}

function currentOutput(): OutputTarget | undefined {
  const scope = scopes.getStore();
  return scope && !scope.context.tracing ? scope.output : undefined;
}
