import { beforeEach, describe, expect, it } from 'vitest';
import { Flow, flowOf, Parameter, Task, tasksOf } from '../../../src/decorators/index.js';
import { cache, flow } from '../../../src/index.js';

/** What was executed, and not reused. */
const executed: string[] = [];

beforeEach(() => {
  executed.length = 0;
});

/** What a run executes. */
async function executing(run: () => Promise<unknown>): Promise<readonly string[]> {
  executed.length = 0;
  await run();
  return [...executed];
}

@Flow({ cache: cache.default })
class Cached {
  @Parameter() rate = 1;
  depth = 3;
  note = 'not read by any task';

  @Task()
  load(size: number): number[] {
    executed.push('load');
    return Array.from({ length: size }, () => 1);
  }

  @Task()
  fit(rows: readonly number[]): number {
    executed.push('fit');
    return rows.length * this.rate;
  }

  @Task()
  async score(model: number): Promise<number> {
    executed.push('score');
    return model + this.offset();
  }

  offset(): number {
    return this.depth;
  }

  run(): unknown {
    const tasks = tasksOf<Cached>(this);
    return tasks.score(tasks.fit(tasks.load(4)));
  }
}

describe('S20, S21: reuse of class tasks', () => {
  it('fields that a method may read are an input of it, `this`; those that it cannot reach are not', async () => {
    expect(await executing(() => flowOf(Cached).run())).toEqual(['load', 'fit', 'score']);
    expect(await executing(() => flowOf(Cached).run())).toEqual([]);
    expect(await executing(() => flowOf(Cached).run({ note: 'another' }))).toEqual([]);
    expect(await executing(() => flowOf(Cached).run({ rate: 2 }))).toEqual(['fit', 'score']);
    expect(await executing(() => flowOf(Cached).run({ depth: 4 }))).toEqual(['score']);
    expect(await flowOf(Cached).run({ rate: 2, depth: 4 })).toBe(12);
  });

  it('S27: preview says that `this` changed', async () => {
    await flowOf(Cached).run();
    const graph = await flowOf(Cached).preview({ depth: 99 });
    expect(graph.nodes.map(({ task, state, why }) => [task, state, why?.kind, why?.detail])).toEqual([
      ['load', 'complete', undefined, undefined],
      ['fit', 'complete', undefined, undefined],
      ['score', 'pending', 'input-changed', 'this'],
    ]);
  });

  it('a policy may leave `this`, or a parameter of the method, out', async () => {
    class Careless {
      rate = 1;
      @Task({ cache: cache.default.without('this', '_remark') })
      fit(_rows: number, _remark: string): number {
        executed.push('fit');
        return this.rate;
      }
      run(): unknown {
        return tasksOf<Careless>(this).fit(1, `rate ${this.rate}`);
      }
    }
    await flowOf(Careless).run();
    expect(await flowOf(Careless).run({ rate: 7 })).toBe(1);
    expect(executed).toEqual(['fit']);
  });

  it('S22: a change in a helper of the class, or in the override of one, is a change of the code', async () => {
    const variant = (helper: () => number): typeof Cached => {
      class Variant extends Cached {}
      Variant.prototype.offset = helper;
      return Variant;
    };
    const counts = (Class: typeof Cached): Promise<readonly string[]> => executing(() => flowOf(Class).run({ rate: 31 }));
    expect(await counts(variant(() => 1))).toEqual(['load', 'fit', 'score'].slice(1));
    expect(await counts(variant(() => 1))).toEqual([]);
    expect(await counts(variant(() => 2))).toEqual(['score']);
  });

  it('S22: a method that reads #private fields cannot be judged: it is reused only under a version', async () => {
    class Private {
      #rate = 1;
      @Task({ cache: cache.default })
      unknown(): number {
        executed.push('unknown');
        return this.#rate;
      }
      @Task({ cache: cache.default, version: '1' })
      vouched(): number {
        executed.push('vouched');
        return this.#rate;
      }
      run(): unknown {
        this.#rate = 2;
        const tasks = tasksOf<Pick<Private, 'unknown' | 'vouched'>>(this);
        return [tasks.unknown(), tasks.vouched()];
      }
    }
    expect(await flowOf(Private).run()).toEqual([2, 2]);
    expect(await executing(() => flowOf(Private).run())).toEqual(['unknown']);
  });

  it('a field without a digest means no reuse; under a version it does not count', async () => {
    class Connected {
      connection = new AbortController();
      table = 'a';
      @Task({ cache: cache.default })
      read(): string {
        executed.push('read');
        return `${this.table} ${this.connection.signal.aborted}`;
      }
      @Task({ cache: cache.default, version: '1' })
      vouched(): string {
        executed.push('vouched');
        return `${this.table} ${this.connection.signal.aborted}`;
      }
      run(): unknown {
        const tasks = tasksOf<Connected>(this);
        return [tasks.read(), tasks.vouched()];
      }
    }
    await flowOf(Connected).run();
    expect(await executing(() => flowOf(Connected).run())).toEqual(['read']);
    expect((await executing(() => flowOf(Connected).run({ table: 'b' }))).toSorted()).toEqual(['read', 'vouched']);
  });

  it('S7: a class flow inside another flow, cached as a whole, counts by the code of its class and its parameters', async () => {
    const outer = flow('outer of a class', () => flowOf(Cached).asTask({ cache: cache.default, name: 'inner' })({ rate: 5 }));
    expect(await outer.run()).toBe(23);
    expect(await executing(() => outer.run())).toEqual([]);
    class Changed extends Cached {
      override offset(): number {
        return 0;
      }
    }
    const changed = flow('outer of a class', () => flowOf(Changed).asTask({ cache: cache.default, name: 'inner' })({ rate: 5 }));
    expect(await changed.run()).toBe(20);
    expect((await outer.preview()).nodes.find(({ task }) => task === 'inner')?.state).toBe('complete');
  });
});

describe('S16: a task may read its instance, not change it', () => {
  class Changing {
    rate = 1;
    rows: readonly number[] | undefined = undefined;
    other = 0;

    @Task()
    async load(): Promise<void> {
      this.rows = [1];
    }

    @Task()
    fit(): number {
      return this.rate;
    }

    run(): unknown {
      return undefined;
    }
  }

  const failureOf = async (body: (instance: Changing) => unknown): Promise<unknown> => {
    const error: unknown = await flow('changing', () => body(new Changing()))
      .run()
      .catch((thrown: unknown) => thrown);
    return (error as { failures?: readonly { cause?: { code?: string; message?: string } }[] }).failures?.[0]?.cause ?? error;
  };

  it('a task that writes to a field fails: a reused result would leave the field unset', async () => {
    expect(await failureOf((instance) => tasksOf(instance).load())).toMatchObject({ code: 'INSTANCE_CHANGED' });
  });

  it('a field that changes between the call and the run fails the task that reads it, and no other', async () => {
    const failure = await failureOf((instance) => {
      const fitted = tasksOf(instance).fit();
      instance.rate = 2;
      return fitted;
    });
    expect(failure).toMatchObject({ code: 'INSTANCE_CHANGED', message: expect.stringContaining("'this.rate'") });
    const untouched = flow('changing another field', () => {
      const instance = new Changing();
      const fitted = tasksOf(instance).fit();
      instance.other = 2;
      return fitted;
    });
    expect(await untouched.run()).toBe(1);
  });

  it('between two awaited calls a body may change what it likes', async () => {
    const stepwise = flow('stepwise', async () => {
      const instance = new Changing();
      const first = await tasksOf(instance).fit();
      instance.rate = 7;
      return [first, await tasksOf(instance).fit()];
    });
    expect(await stepwise.run()).toEqual([1, 7]);
  });

  it('S1: a future in a field that the task may read is refused, with the name of the field', async () => {
    const failure = await failureOf((instance) => {
      Object.assign(instance, { rate: tasksOf(new Changing()).fit() });
      return tasksOf(instance).fit();
    });
    expect(failure).toMatchObject({ cause: expect.objectContaining({ code: 'FUTURE_MISPLACED', message: expect.stringContaining("'this.rate'") }) });
  });
});
