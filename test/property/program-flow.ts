import * as z from 'zod';
import {
  all,
  cache,
  ctx,
  Fail,
  type Flow,
  type Future,
  flow,
  limit,
  type MappedFuture,
  match,
  merge,
  param,
  Skip,
  sequence,
  type TaskState,
  type TriggerRule,
  task,
  unmapped,
  when,
} from '../../src/index.js';
import { actOf } from './program-acts.js';
import type { Block, DerivedStep, Does, MapStep, Program, Source, Step, SubflowStep, TaskStep, Traits } from './random-program.js';

/** What was seen of a random program while it ran, from inside. */
export interface Seen {
  /** Attempts as they began and ended, by the ids of their calls. */
  readonly trace: { readonly what: 'start' | 'end'; readonly id: string }[];
  /** Futures that the body got, as they stand now. */
  readonly live: () => Readonly<Record<string, TaskState>>;
  /** Most attempts at the same time: of all, and of each limit. */
  readonly most: Readonly<Record<string, number>>;
}

export interface ProgramFlow {
  readonly flow: Flow<Record<never, never>, unknown>;
  readonly seen: () => Seen;
  /** Is told of every attempt as it begins, from inside the task. */
  onStart: (id: string) => void;
  /** Which attempts fail at once, whatever the program says, by the ids of their calls: what may heal. */
  isBroken: (id: string) => boolean;
  /** Is told how many calls the body has made so far. */
  onCall: (count: number) => void;
}

export interface ProgramOptions {
  /** Every task that does not say otherwise is cached: then all that has a value is reused. */
  readonly cachesAll?: boolean;
}

type AnyTask = ((...args: unknown[]) => Future<unknown>) & {
  mapWith(options: object): (...lists: unknown[]) => MappedFuture<unknown>;
};

/** More than any value of a test that is not to time out takes, less than anybody notices. */
const TIMEOUT_MS = 1;
const LIMITS = { one: limit('one', 1), two: limit('two', 2) };

let programs = 0;

/** A real flow that does what the program says; nothing of it is reused by another. */
export function programFlow(program: Program, options: ProgramOptions = {}): ProgramFlow {
  const made = new ProgramTasks(`program ${process.pid} ${++programs}`, options);
  const whole = flow(`program-${programs}`, options.cachesAll ? { cache: cache.default } : {}, () => {
    made.begin();
    return new Body(made).run(program);
  });
  made.flow = whole;
  return made;
}

class ProgramTasks implements ProgramFlow {
  flow!: ProgramFlow['flow'];
  onStart: ProgramFlow['onStart'] = () => {};
  onCall: ProgramFlow['onCall'] = () => {};
  isBroken: ProgramFlow['isBroken'] = () => false;
  readonly version: string;
  readonly #options: ProgramOptions;
  readonly #tasks = new Map<number, AnyTask>();
  readonly #subflows = new Map<number, AnyTask>();
  #trace: { what: 'start' | 'end'; id: string }[] = [];
  #futures: Future<unknown>[] = [];
  #running: Record<string, number> = {};
  #most: Record<string, number> = {};

  constructor(version: string, options: ProgramOptions) {
    this.version = version;
    this.#options = options;
  }

  begin(): void {
    this.#trace = [];
    this.#futures = [];
    this.#running = {};
    this.#most = {};
  }

  seen(): Seen {
    const [trace, futures, most] = [this.#trace, this.#futures, this.#most];
    return { trace, most, live: () => Object.fromEntries(futures.map(({ id, state }) => [id, state])) };
  }

  called<F extends Future<unknown>>(future: F): F {
    this.#futures.push(future);
    this.onCall(this.#futures.length);
    return future;
  }

  task(id: number, traits: Traits): AnyTask {
    let made = this.#tasks.get(id);
    if (made === undefined) {
      made = task(this.#bodyOf(id, traits), { name: `t${id}`, version: this.version, ...this.#taskOptions(traits) }) as unknown as AnyTask;
      this.#tasks.set(id, made);
    }
    return made;
  }

  subflow({ id, entry, block }: SubflowStep): AnyTask {
    let made = this.#subflows.get(id);
    if (made === undefined) {
      const inside = flow(`s${id} of ${this.version}`, { params: { value: param(z.array(z.any())) } }, ({ value }) =>
        new Body(this).run(block, { step: entry, parameter: value[0] }),
      );
      made = inside.asTask({ name: `s${id}`, version: this.version }) as unknown as AnyTask;
      this.#subflows.set(id, made);
    }
    return made;
  }

  #taskOptions({ cached, retries, rule, skipOnUpstreamSkip, handles, priority, limits, does }: Traits): object {
    return {
      ...(this.#options.cachesAll ? {} : { cache: cached ? cache.default : false }),
      ...(rule === undefined ? {} : { trigger: rule === 'most' ? most : rule }),
      ...(skipOnUpstreamSkip === undefined ? {} : { skipOnUpstreamSkip }),
      ...(does.includes('hang') ? { timeout: TIMEOUT_MS } : {}),
      retries,
      handles,
      priority,
      limit: limits.map((name) => LIMITS[name]),
    };
  }

  #bodyOf(id: number, traits: Traits): (...args: unknown[]) => unknown {
    const { isAsync, retries, flaky, limits, does } = traits;
    // One that has little time does what it does at once, or never.
    const isLater = isAsync && !does.includes('hang');
    return (...args) => {
      const { attempt, taskRunId, signal } = ctx();
      const act = actOf(id, traits, args);
      const end = (): unknown => {
        this.#ended(taskRunId, limits);
        if (this.isBroken(taskRunId)) throw new Error('broken');
        if (attempt <= flaky) throw new Error(`attempt ${attempt} of ${retries + 1}`);
        return doIt(act.does, act.value);
      };
      this.#started(taskRunId, limits);
      if (act.does === 'hang' && attempt > flaky && !this.isBroken(taskRunId)) return this.#hang(taskRunId, limits, signal, isAsync);
      return isLater ? new Promise<void>((resolve) => setImmediate(resolve)).then(end) : end();
    };
  }

  /** Listens to its signal, or does not. */
  #hang(id: string, limits: Traits['limits'], signal: AbortSignal, listens: boolean): Promise<never> {
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => {
        this.#ended(id, limits);
        if (listens) reject(signal.reason);
      });
    });
  }

  #started(id: string, limits: Traits['limits']): void {
    this.#trace.push({ what: 'start', id });
    for (const name of ['all', ...limits, mapOf(id)]) {
      this.#running[name] = (this.#running[name] ?? 0) + 1;
      this.#most[name] = Math.max(this.#most[name] ?? 0, this.#running[name]);
    }
    this.onStart(id);
  }

  #ended(id: string, limits: Traits['limits']): void {
    for (const name of ['all', ...limits, mapOf(id)]) (this.#running[name] as number)--;
    this.#trace.push({ what: 'end', id });
  }
}

/** The map that a call belongs to, or the call itself. */
export function mapOf(id: string): string {
  return id.replace(/\[[^\]]*\]$/, '');
}

const most: TriggerRule = (upstream) => [...upstream.values()].filter((state) => 'value' in state).length * 2 > upstream.size;

function doIt(does: Does, value: unknown): unknown {
  if (does === 'throw') throw new Error('thrown');
  if (does === 'fatal') throw new Fail('fatal');
  if (does === 'skip') throw new Skip('skipped');
  return value;
}

/** Makes the calls of one body. */
class Body {
  readonly #tasks: ProgramTasks;
  readonly #known = new Map<number, Future<unknown>>();

  constructor(tasks: ProgramTasks) {
    this.#tasks = tasks;
  }

  /** A body that waits for nothing is no async function, so both kinds are tried. What it gives lies in a list: returning a future is not awaiting it (S12). */
  run({ steps, gives }: Block, entry?: { readonly step: TaskStep; readonly parameter: unknown }): unknown {
    if (entry) this.#known.set(entry.step.id, this.#tasks.called(this.#tasks.task(entry.step.id, entry.step.traits)(entry.parameter)));
    if (steps.every(({ awaited }) => awaited === undefined)) return [this.#block({ steps, gives })];
    return this.#awaiting({ steps, gives });
  }

  async #awaiting({ steps, gives }: Block): Promise<unknown> {
    for (const { step, awaited } of steps) {
      const future = this.#made(step);
      if (awaited === 'settled') await future.settled();
      if (awaited === 'value') await future.catch(() => undefined);
    }
    return [this.#future(gives)];
  }

  #block({ steps, gives }: Block): Future<unknown> {
    for (const { step } of steps) this.#made(step);
    return this.#future(gives);
  }

  #made(step: Step): Future<unknown> {
    const future = this.#step(step);
    this.#known.set(step.id, future);
    return future;
  }

  #future({ step, part }: Source): Future<unknown> {
    const future = this.#known.get(step) as Future<unknown[]>;
    return part === undefined ? future : future.get(part);
  }

  #futures(sources: readonly Source[]): Future<unknown>[] {
    return sources.map((source) => this.#future(source));
  }

  #step(step: Step): Future<unknown> {
    if (step.kind === 'task') return this.#task(step);
    if (step.kind === 'map') return this.#map(step);
    if (step.kind === 'derived') return this.#derived(step);
    if (step.kind === 'when') {
      const { yes, no } = step;
      const condition = this.#future(step.condition) as Future<boolean>;
      if (no === undefined) return when(condition, () => this.#block(yes));
      return when(
        condition,
        () => this.#block(yes),
        () => this.#block(no),
      );
    }
    if (step.kind === 'match') {
      const { a, b } = step.cases;
      return match(this.#future(step.key) as Future<'a' | 'b'>, { a: () => this.#block(a), b: () => this.#block(b) });
    }
    if (step.kind === 'sequence') {
      const [first, ...rest] = step.blocks.map((block) => () => this.#block(block));
      return sequence(first as () => Future<unknown>, ...rest) as Future<unknown>;
    }
    return this.#tasks.called(this.#tasks.subflow(step)({ value: [this.#future(step.parameter)] }));
  }

  #task({ id, inputs, isGathered, after, traits }: TaskStep): Future<unknown> {
    const futures = this.#futures(inputs);
    const call = this.#tasks.task(id, traits);
    return this.#tasks.called(call(...(isGathered ? [futures] : futures)).after(...this.#futures(after)));
  }

  #map({ id, lists, after, concurrency, maxSplits, hasKey, traits }: MapStep): Future<unknown> {
    const args = lists.map((list, at) => {
      if (list.kind === 'literal') return list.items.map((item, place) => (item === undefined ? `${id}.${at}.${place}` : this.#future(item)));
      return list.kind === 'future' ? this.#future(list.of) : unmapped(this.#future(list.of));
    });
    let next = 0;
    const options = {
      ...(concurrency === undefined ? {} : { concurrency }),
      ...(maxSplits === undefined ? {} : { maxSplits }),
      ...(hasKey ? { key: () => `k${next++}` } : {}),
    };
    return this.#tasks.called(
      this.#tasks
        .task(id, traits)
        .mapWith(options)(...args)
        .after(...this.#futures(after)),
    );
  }

  #derived({ what, inputs, index }: DerivedStep): Future<unknown> {
    const futures = this.#futures(inputs);
    const first = futures[0] as MappedFuture<unknown>;
    if (what === 'all') return all(futures);
    if (what === 'merge') return merge(...futures);
    if (what === 'outcome') return first.outcome();
    if (what === 'orElse') return first.orElse(futures[1] ?? first);
    if (what === 'at') return first.at(index);
    if (what === 'length') return first.length;
    return what === 'states' ? first.states() : first.successes();
  }
}
