import { type Change, type CodeDifference, compareNamed, comparePackages, type ReadPackage } from '../../code/compare-packages.js';
import { declarationReader } from '../../code/declarations.js';
import { readCodePackage, readFileTexts } from '../../code/read-package.js';
import type { RunRow } from '../../model/records.js';
import type { TaskState } from '../../model/states.js';
import type { RunRecord, TaskRunDetails } from '../../runs/run-record.js';
import { withOrigins } from '../../runs/with-origins.js';

/** What differs between two runs: parameters, code, inputs, results, states and times. */
export interface RunDifference {
  readonly runs: readonly [RunSide, RunSide];
  /** As the record has them: JSON, secrets are `"***"`. */
  readonly params: readonly Change[];
  /** Absent where one of them has no code kept. */
  readonly code?: CodeDifference;
  /** By task: how many task runs each has, and how long their attempts took together. */
  readonly tasks: readonly TaskDifference[];
  /** Task runs of one id that differ in more than their times, and those that only one of the runs has. */
  readonly taskRuns: readonly TaskRunDifference[];
  /** How many have the same state, inputs and results in both. */
  readonly same: number;
}

export interface RunSide {
  readonly id: string;
  readonly flow: string;
  readonly state: RunRow['state'];
  readonly createdAt: number;
  /** Milliseconds; absent while it goes on. */
  readonly ms?: number;
  readonly hasCode: boolean;
}

export interface TaskDifference {
  readonly task: string;
  readonly count: readonly [number, number];
  /** Milliseconds. */
  readonly ms: readonly [number, number];
}

export interface TaskRunDifference {
  readonly id: string;
  readonly task: string;
  /** Undefined: it has no such task run. */
  readonly states: readonly [TaskState | undefined, TaskState | undefined];
  readonly ms: readonly [number | undefined, number | undefined];
  /** Those whose values differ: the value where it is small, else its digest. */
  readonly inputs: readonly Change[];
  /** By name of the output, empty for the whole result: digests of the values. */
  readonly results: readonly Change[];
}

export async function compareRuns(record: RunRecord, before: RunRow, after: RunRow): Promise<RunDifference> {
  const [old, fresh] = [await rowsOf(record, before), await rowsOf(record, after)];
  const [was, is] = [await codeOf(record, before), await codeOf(record, after)];
  const ids = [...new Set([...old.keys(), ...fresh.keys()])];
  const compared = ids.map((id) => compareTaskRuns(id, old.get(id), fresh.get(id)));
  const taskRuns = compared.filter(differs);
  return {
    runs: [sideOf(before, was), sideOf(after, is)],
    params: compareNamed(before.params, after.params),
    ...(was && is ? { code: comparePackages(was, is, await declarationReader()) } : {}),
    tasks: tasksOf(old, fresh),
    taskRuns,
    same: compared.length - taskRuns.length,
  };
}

type Rows = ReadonlyMap<string, TaskRunDetails>;

async function rowsOf(record: RunRecord, { id }: RunRow): Promise<Rows> {
  return new Map((await withOrigins(record, await record.taskRuns(id))).map((row) => [row.id, row]));
}

async function codeOf(record: RunRecord, { codePackage }: RunRow): Promise<ReadPackage | undefined> {
  const kept = await readCodePackage(record, codePackage);
  return kept && { ...kept, texts: await readFileTexts(record, kept.files) };
}

function sideOf({ id, flow, state, createdAt, startedAt, finishedAt }: RunRow, code: ReadPackage | undefined): RunSide {
  const ms = startedAt === undefined || finishedAt === undefined ? {} : { ms: finishedAt - startedAt };
  return { id, flow, state, createdAt, ...ms, hasCode: code !== undefined };
}

function compareTaskRuns(id: string, before: TaskRunDetails | undefined, after: TaskRunDetails | undefined): TaskRunDifference {
  const isInBoth = before !== undefined && after !== undefined;
  return {
    id,
    task: (after ?? before)?.task ?? '',
    states: [before?.state, after?.state],
    ms: [before && tookOf(before), after && tookOf(after)],
    inputs: isInBoth ? inputsOf(before, after) : [],
    results: isInBoth ? compareNamed(resultsOf(before), resultsOf(after)) : [],
  };
}

/** That one of them was reused and the other computed is no difference in itself: both have the result. */
function differs({ states: [before, after], inputs, results }: TaskRunDifference): boolean {
  return outcomeOf(before) !== outcomeOf(after) || inputs.length > 0 || results.length > 0;
}

function outcomeOf(state: TaskState | undefined): TaskState | undefined {
  return state === 'cached' ? 'success' : state;
}

function inputsOf(before: TaskRunDetails, after: TaskRunDetails): readonly Change[] {
  const digests = ({ inputs = {} }: TaskRunDetails) => Object.fromEntries(Object.entries(inputs).map(([name, { digest }]) => [name, digest]));
  return compareNamed(digests(before), digests(after)).map(({ name, ...change }) => {
    const [was, is] = [before.inputs?.[name]?.shown ?? change.before, after.inputs?.[name]?.shown ?? change.after];
    return { name, ...(was === undefined ? {} : { before: was }), ...(is === undefined ? {} : { after: is }) };
  });
}

function resultsOf({ artifacts }: TaskRunDetails): Readonly<Record<string, string>> {
  return Object.fromEntries(artifacts.map(({ name, ref }) => [name, ref.valueDigest]));
}

/** Of its last attempt; of what made none, nothing. */
function tookOf({ attemptRows }: TaskRunDetails): number | undefined {
  const last = attemptRows.at(-1);
  return last?.finishedAt === undefined ? undefined : last.finishedAt - last.startedAt;
}

function tasksOf(before: Rows, after: Rows): readonly TaskDifference[] {
  const [old, fresh] = [sumsOf(before), sumsOf(after)];
  const none = { count: 0, ms: 0 };
  return [...new Set([...old.keys(), ...fresh.keys()])].map((task) => {
    const [was, is] = [old.get(task) ?? none, fresh.get(task) ?? none];
    return { task, count: [was.count, is.count], ms: [was.ms, is.ms] };
  });
}

function sumsOf(rows: Rows): ReadonlyMap<string, { readonly count: number; readonly ms: number }> {
  const sums = new Map<string, { readonly count: number; readonly ms: number }>();
  for (const row of rows.values()) {
    const { count, ms } = sums.get(row.task) ?? { count: 0, ms: 0 };
    const took = row.attemptRows.reduce((sum, { startedAt, finishedAt }) => sum + (finishedAt === undefined ? 0 : finishedAt - startedAt), 0);
    sums.set(row.task, { count: count + 1, ms: ms + took });
  }
  return sums;
}
