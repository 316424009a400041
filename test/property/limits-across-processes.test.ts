import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toMs } from '../../src/base/duration.js';
import { Dispatch } from '../../src/engine/dispatch.js';
import { LimitExchange } from '../../src/engine/limit-exchange.js';
import { LimitRegistry } from '../../src/engine/limit-registry.js';
import { type ConcurrencyLimit, limit } from '../../src/model/concurrency-limit.js';
import { LimitRecord } from '../../src/runs/limits/limit-record.js';
import type { RunRecord } from '../../src/runs/run-record.js';
import { openSqliteRecord } from '../../src/runs/sqlite/sqlite-record.js';
import { HeldClock } from '../fixtures/engine/held-clock.js';
import { runElsewhere } from '../fixtures/runs/rows.js';

type Limits = readonly ConcurrencyLimit[];

const KINDS = ['gpu', 'pool', 'heavy', 'api'] as const;
const PROCESSES = 3;

type Step =
  | { readonly do: 'add'; readonly process: number; readonly priority: number; readonly kinds: readonly (typeof KINDS)[number][] }
  | { readonly do: 'release'; readonly process: number; readonly which: number }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'crash'; readonly process: number };

const process = fc.nat(PROCESSES - 1);
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        do: fc.constant('add' as const),
        process,
        priority: fc.integer({ min: 0, max: 1 }),
        kinds: fc.subarray([...KINDS], { minLength: 1 }),
      }),
    },
    { weight: 6, arbitrary: fc.record({ do: fc.constant('release' as const), process, which: fc.nat(20) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(1, 5, 30, 150, 400) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('crash' as const), process }) },
  ),
  { maxLength: 40, size: 'max' },
);

interface Node {
  readonly process: number;
  readonly node: number;
  readonly limits: Limits;
}

let folder: string;
let runs: RunRecord;
let shared: LimitRecord;
let cases = 0;
const clock = new HeldClock(1_800_000_000_000);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-limits-'));
  runs = await openSqliteRecord({ path: join(folder, 'record.db') });
  if (runs.heartbeat === undefined) throw new Error('expected a record that can be shared');
  shared = await LimitRecord.open(runs.heartbeat, { now: () => clock.now() });
});

afterAll(async () => {
  await shared[Symbol.asyncDispose]();
  await runs[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

/** Some processes over one record, each with a run of its own. */
class Processes {
  readonly id = ++cases;
  readonly waiting: Node[] = [];
  readonly out: Node[] = [];
  readonly starts: { readonly at: number; readonly limits: Limits }[] = [];
  readonly gone = new Set<number>();
  readonly #slots: number;
  readonly #limits: Readonly<Record<(typeof KINDS)[number], ConcurrencyLimit>>;
  readonly #dispatches: readonly Dispatch[];
  readonly #exchanges: readonly LimitExchange[];
  readonly #turns = new Set<number>();
  #nodes = 0;

  constructor(slots: number) {
    this.#slots = slots;
    const name = (kind: string): string => `${kind} ${this.id}`;
    const pool = limit(name('pool'), 3);
    this.#limits = {
      gpu: limit(name('gpu'), 1),
      pool,
      heavy: limit(pool.name, pool.max, { slots: 2 }),
      api: limit(name('api'), 2, { per: 50 }),
    };
    this.#exchanges = Array.from({ length: PROCESSES }, () => {
      const connect = async () => ({
        exchange: shared.exchange.bind(shared),
        leave: shared.leave.bind(shared),
        [Symbol.asyncDispose]: async () => {},
      });
      return new LimitExchange({ connect, look: async () => false, clock, random: () => 0.5 });
    });
    this.#dispatches = this.#exchanges.map(
      (exchange, each) =>
        new Dispatch({
          slots,
          clock,
          limits: new LimitRegistry(exchange),
          owner: { run: this.run(each), epoch: 1 },
          wake: () => this.#turns.add(each),
        }),
    );
  }

  run(process: number): string {
    return `case-${this.id}-${process}`;
  }

  async take(step: Step): Promise<void> {
    if (step.do === 'pass') return await this.pass(step.ms);
    if (this.gone.has(step.process)) return;
    const dispatch = this.#dispatches[step.process]!;
    if (step.do === 'crash') {
      // One is left to go on.
      if (this.gone.size === PROCESSES - 1) return;
      this.gone.add(step.process);
      dispatch.close();
      await runs.append({ run: this.run(step.process), epoch: 1, change: { state: 'crashed', finishedAt: clock.now() } });
      const isLeft = (node: Node): boolean => node.process !== step.process;
      for (const list of [this.out, this.waiting]) list.splice(0, list.length, ...list.filter(isLeft));
      return;
    }
    if (step.do === 'add') {
      const node: Node = { process: step.process, node: this.#nodes++, limits: step.kinds.map((kind) => this.#limits[kind]) };
      this.waiting.push(node);
      dispatch.add(node.node, step.priority, node.limits);
    } else {
      const own = this.out.filter((each) => each.process === step.process);
      const ended = own[step.which % own.length];
      if (ended === undefined) return;
      this.out.splice(this.out.indexOf(ended), 1);
      dispatch.release(ended.node);
    }
    this.#turns.add(step.process);
    await this.rest();
  }

  /** In small steps: what a timer has asked of the record is to be answered before the next one. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 10) {
      clock.advance(Math.min(left, 10));
      await this.rest();
    }
  }

  async rest(): Promise<void> {
    for (let quiet = 0; quiet < 3; quiet++) {
      for (const turn of this.#turns) {
        this.#turns.delete(turn);
        quiet = 0;
        if (this.gone.has(turn)) continue;
        for (let node = this.#dispatches[turn]!.next(); node !== undefined; node = this.#dispatches[turn]!.next()) this.#start(node);
      }
      await new Promise<void>((done) => setImmediate(done));
    }
  }

  async close(): Promise<void> {
    for (const dispatch of this.#dispatches) dispatch.close();
    await Promise.all(this.#exchanges.map((exchange) => exchange.close()));
  }

  #start(node: number): void {
    const started = this.waiting.find((each) => each.node === node)!;
    this.waiting.splice(this.waiting.indexOf(started), 1);
    this.out.push(started);
    this.starts.push({ at: clock.now(), limits: started.limits });
    if (this.out.filter((each) => each.process === started.process).length > this.#slots) throw new Error('more than the run has slots');
    for (const { name, max, per } of Object.values(this.#limits)) {
      const used = this.#used(name, per === undefined ? undefined : toMs(per));
      if (used > max) throw new Error(`${used} of '${name}', which allows ${max}`);
    }
  }

  #used(name: string, periodMs: number | undefined): number {
    const among = periodMs === undefined ? this.out : this.starts.filter(({ at }) => clock.now() - at < periodMs);
    const unitsIn = (limits: Limits): number => Math.max(0, ...limits.filter((each) => each.name === name).map(({ slots = 1 }) => slots));
    return among.reduce((sum, { limits }) => sum + unitsIn(limits), 0);
  }
}

describe('S14 limits across processes', () => {
  it('S14 no limit is exceeded in all processes together, and everything starts in the end, whoever crashes on the way', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.integer({ min: 1, max: 4 }), async (taken, slots) => {
        const processes = new Processes(slots);
        for (let each = 0; each < PROCESSES; each++) await runs.open(runElsewhere({ id: processes.run(each), createdAt: 0, epoch: 1 }));
        try {
          for (const step of taken) await processes.take(step);
          for (let turn = 0; processes.waiting.length > 0; turn++) {
            if (turn > 400) throw new Error(`never started: ${JSON.stringify(processes.waiting)} beside ${JSON.stringify(processes.out)}`);
            const [ended] = processes.out;
            if (ended) await processes.take({ do: 'release', process: ended.process, which: 0 });
            await processes.pass(50);
          }
          expect(processes.waiting).toEqual([]);
        } finally {
          await processes.close();
        }
      }),
      { numRuns: 60 },
    );
  }, 60_000);
});
