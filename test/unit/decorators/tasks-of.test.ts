import { describe, expect, it } from 'vitest';
import { Flow, flowOf, Task, tasksOf } from '../../../src/decorators/index.js';
import { flow, unmapped } from '../../../src/index.js';

/** Ids of the nodes that a flow draws. */
async function nodesOf(drawn: { graph(): Promise<{ readonly nodes: readonly { readonly id: string }[] }> }): Promise<readonly string[]> {
  return (await drawn.graph()).nodes.map(({ id }) => id);
}

class Training {
  rate = 2;

  @Task()
  load(rows: number): readonly number[] {
    return Array.from({ length: rows }, (_, row) => row);
  }

  @Task({ tags: ['slow'] })
  async fit(rows: readonly number[]): Promise<number> {
    return this.scaled(rows.length);
  }

  scaled(size: number): number {
    return size * this.rate;
  }

  run(): unknown {
    const tasks = tasksOf<Training>(this);
    return tasks.fit(tasks.load(3));
  }
}

class Forest extends Training {
  override async fit(rows: readonly number[]): Promise<number> {
    return 100 + (await super.fit(rows));
  }
}

class Boost extends Training {
  @Task({ description: 'boosted' })
  override async fit(rows: readonly number[]): Promise<number> {
    return 200 + (await super.fit(rows));
  }
}

describe('tasksOf', () => {
  it('S1: a task method of the view gives a future; it takes futures; `this` is the instance', async () => {
    expect(await flowOf(Training).run({ rate: 5 })).toBe(15);
    expect(await nodesOf(flowOf(Training))).toEqual(['load#0', 'fit#0']);
  });

  it('the method itself stays a method: called on the instance it runs there and then', async () => {
    const training = new Training();
    expect(training.load(2)).toEqual([0, 1]);
    expect(await training.fit([1])).toBe(2);
  });

  it('an override of a task is a task, decorated anew or not; super reaches the method that it overrides', async () => {
    expect(await flowOf(Forest).run()).toBe(106);
    expect(await flowOf(Boost).run()).toBe(206);
    expect(await nodesOf(flowOf(Forest))).toEqual(['load#0', 'Forest.fit#0']);
  });

  it('one name is one function: variants of a base class meet in a run, and share what they inherit', async () => {
    const both = flow('both variants', () => [flowOf(Forest).asTask()(), flowOf(Boost).asTask()(), flowOf(Training).asTask()()]);
    expect(await both.run()).toEqual([106, 206, 6]);
    expect((await nodesOf(both)).map((id) => id.replace(/^.*\./, ''))).toContain('load#0');
  });

  it('two instances of one class share its tasks, each with its own fields', async () => {
    const pair = flow('two instances', () => {
      const [slow, fast] = [new Training(), new Training()];
      fast.rate = 10;
      return [tasksOf(slow).fit([1]), tasksOf(fast).fit([1])];
    });
    expect(await pair.run()).toEqual([2, 10]);
    expect(await nodesOf(pair)).toEqual(['fit#0', 'fit#1']);
  });

  it('abstract tasks are tasks where they are implemented', async () => {
    abstract class Report {
      abstract text(): string;
      run(): unknown {
        return tasksOf<Report>(this).text();
      }
    }
    class Short extends Report {
      @Task()
      text(): string {
        return 'short';
      }
    }
    expect(await flowOf(Short).run()).toBe('short');
  });

  it('S6: inside a task, a task of the view runs there and then', async () => {
    class Nested {
      @Task()
      inner(value: number): number {
        return value + 1;
      }
      @Task()
      outer(value: number): number {
        return tasksOf<Nested>(this).inner(value) as unknown as number;
      }
      run(): unknown {
        return tasksOf<Nested>(this).outer(1);
      }
    }
    expect(await flowOf(Nested).run()).toBe(2);
    expect(await nodesOf(flowOf(Nested))).toEqual(['outer#0']);
  });

  it('the view may be kept in a field, private or not, and is no parameter', async () => {
    class Keeping {
      readonly tasks = tasksOf<Pick<Keeping, 'twice'>>(this);
      @Task()
      twice(value: number): number {
        return value * 2;
      }
      run(): unknown {
        return this.tasks.twice(4);
      }
    }
    expect(await flowOf(Keeping).run()).toBe(8);
    expect(tasksOf(new Keeping())).not.toBe(tasksOf(new Keeping()));
  });

  it('S8: a task of the view maps over lists; its keys are made of the arguments alone, and it waits for what it comes after', async () => {
    const order: string[] = [];
    class Mapping {
      rate = 2;
      @Task()
      list(): number[] {
        return [1, 2, 3];
      }
      @Task()
      scale(value: number, by: number): number {
        order.push(`scale ${value}`);
        return value * by * this.rate;
      }
      run(): unknown {
        const { list, scale } = tasksOf<Mapping>(this);
        const key = (value: number, by: number): string => {
          order.push(`key ${value} ${by}`);
          return String(value);
        };
        const scaled = scale.mapWith({ key, maxSplits: 3 })(list(), unmapped(10));
        return [scaled, scale.after(scaled).map([4], [5]), scale.with({ name: 'other' }).map([], unmapped(1))];
      }
    }
    expect(await flowOf(Mapping).run({ rate: 3 })).toEqual([[30, 60, 90], [60], []]);
    expect(order).toEqual(['key 1 10', 'key 2 10', 'key 3 10', 'scale 1', 'scale 2', 'scale 3', 'scale 4']);
  });

  it('tasks of a view are tasks: with, after, fn, a naming function', async () => {
    class Named {
      @Task({ name: (city) => `weather of ${city}` })
      weather(city: string): string {
        return city;
      }
      @Task({ name: 'last' })
      end(): string {
        return 'end';
      }
      run(): unknown {
        const { weather, end } = tasksOf<Named>(this);
        const first = weather.with({ name: (city) => `sky of ${city}` })('Rome');
        return end.after(first)();
      }
    }
    const { weather, end } = tasksOf(new Named());
    expect([weather.taskName, weather.name, end.taskName]).toEqual(['weather', 'weather', 'last']);
    expect(weather.fn('Oslo')).toBe('Oslo');
    const handle = flowOf(Named).start();
    const events: string[] = [];
    for await (const event of handle.events()) events.push(JSON.stringify(event));
    expect(await handle.result()).toBe('end');
    const graph = await flowOf(Named).graph();
    expect(graph.edges.filter(({ kind }) => kind === 'order')).toHaveLength(1);
  });

  it('what is wrong is said: no tasks, a plain method, outside of a flow', () => {
    class Plain {
      run(): void {}
    }
    const codeOf = (act: () => unknown): unknown => {
      try {
        return act();
      } catch (error) {
        return (error as { code?: unknown }).code;
      }
    };
    expect(codeOf(() => tasksOf(new Plain()))).toBe('NO_TASKS');
    expect(codeOf(() => tasksOf(Training))).toBe('NO_TASKS');
    expect(codeOf(() => tasksOf(null as unknown as object))).toBe('NO_TASKS');
    const view = tasksOf(new Training());
    expect(codeOf(() => view.scaled)).toBe('NOT_A_TASK');
    expect(codeOf(() => view.run)).toBe('NOT_A_TASK');
    expect(codeOf(() => view.load(1))).toBe('NOT_IN_A_FLOW');
    expect((view as { then?: unknown }).then).toBeUndefined();
  });

  it('what lies in another copy of reflect-metadata is an error, not a class without tasks', () => {
    class Elsewhere {
      work(): void {}
    }
    const shared = globalThis as unknown as Record<symbol, WeakSet<object>>;
    shared[Symbol.for('millrace.decorators.tagged')]?.add(Elsewhere.prototype.work);
    expect(() => tasksOf(new Elsewhere())).toThrow(expect.objectContaining({ code: 'METADATA_UNREACHABLE' }));
  });

  it('a copy of reflect-metadata that is loaded later takes nothing away', async () => {
    const ours = Reflect.getOwnMetadata;
    const theirs = (): undefined => undefined;
    Reflect.getOwnMetadata = theirs as typeof ours;
    try {
      @Flow({ name: 'decorated before' })
      class Early {
        @Task()
        one(): number {
          return 1;
        }
        run(): unknown {
          return tasksOf<Early>(this).one();
        }
      }
      expect(await flowOf(Early).run()).toBe(1);
    } finally {
      Reflect.getOwnMetadata = ours;
    }
  });
});
