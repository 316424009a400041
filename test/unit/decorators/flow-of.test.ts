import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { Flow, flowOf, Parameter, Task, tasksOf } from '../../../src/decorators/index.js';
import type { FlowInside } from '../../../src/flow/flow.js';
import { flow, type ParameterError } from '../../../src/index.js';

const FLOW = Symbol.for('millrace.flow');
const FLOWS = Symbol.for('millrace.flows');

/** What the command line sees of a class or a flow. */
function seen(value: unknown): { readonly name: string | undefined; readonly inside: FlowInside | undefined } {
  const { flowName: name, [FLOW]: inside } = value as { flowName?: string; [FLOW]?: FlowInside };
  return { name, inside };
}

function defined(): readonly unknown[] {
  return [...((globalThis as { [FLOWS]?: Set<object> })[FLOWS] ?? [])];
}

async function codeOf(act: () => unknown): Promise<unknown> {
  try {
    return await act();
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
}

class Settings {
  @Parameter({ help: 'How fast', env: 'LEARNING_RATE' }) rate = 0.1;
  @Parameter({ schema: z.enum(['forest', 'boost']) }) kind = 'forest';
  @Parameter({ schema: z.string().min(1) }) path!: string;
  @Parameter({ default: 5 }) depth!: number;
  @Parameter() tags = ['a'];
  since = new Date(0);
  seen: string[] = [];
  cache = new Map<string, number>();
  model: string | undefined;

  run(): unknown {
    this.seen.push(this.path);
    return { ...this };
  }
}

describe('parameters of a class', () => {
  it('S17: fields are parameters, their initializers defaults; schemas judge', async () => {
    const settled = await flowOf(Settings).run({ path: 'rows.csv', rate: 0.5 });
    expect(settled).toEqual({
      rate: 0.5,
      kind: 'forest',
      path: 'rows.csv',
      depth: 5,
      tags: ['a'],
      since: new Date(0),
      seen: ['rows.csv'],
      cache: new Map(),
      model: undefined,
    });
    const told = seen(flowOf(Settings)).inside?.parameters() ?? [];
    expect(told.map(({ name, type, required, help, env }) => [name, type, required, help, env])).toEqual([
      ['rate', 'number', false, 'How fast', 'LEARNING_RATE'],
      ['kind', "'forest' | 'boost'", false, undefined, undefined],
      ['path', 'string', true, undefined, undefined],
      ['depth', 'number', false, undefined, undefined],
      ['tags', 'unknown[]', false, undefined, undefined],
      ['since', 'object', false, undefined, undefined],
      ['seen', 'unknown[]', false, undefined, undefined],
    ]);
  });

  it('S17: what is missing, unknown or ill-typed is an error before anything runs', async () => {
    const error: ParameterError = await flowOf(Settings)
      .run({ rate: 'fast', kind: 'svm', tags: 3, dept: 1 } as never)
      .then(
        () => expect.fail('it ran'),
        (thrown) => thrown,
      );
    expect(error.issues.map(({ parameter, problem }) => `${parameter} ${problem}`).toSorted()).toEqual(
      ['dept unknown', 'kind invalid', 'path missing', 'rate invalid', 'tags invalid'].toSorted(),
    );
  });

  it('S18: each run has an instance of its own; marked lists are immutable, unmarked ones are its own to fill', async () => {
    const first = (await flowOf(Settings).run({ path: 'a' })) as unknown as Settings;
    const second = (await flowOf(Settings).run({ path: 'b' })) as unknown as Settings;
    expect([first.seen, second.seen]).toEqual([['a'], ['b']]);
    expect(first.cache).not.toBe(second.cache);
    expect(Object.isFrozen(second.tags)).toBe(true);
    expect(Object.isFrozen(second.seen)).toBe(false);
  });

  it('without any mark every data field is one; one without an initializer is required', async () => {
    class Unmarked {
      path: string | undefined = undefined;
      size = 2n;
      options: { readonly deep: readonly number[] } = { deep: [1] };
      run(): unknown {
        return [this.path, this.size, this.options];
      }
    }
    expect(await codeOf(() => flowOf(Unmarked).run())).toBe('PARAMETER_INVALID');
    expect(await flowOf(Unmarked).run({ path: 'x', options: { deep: [] } })).toEqual(['x', 2n, { deep: [] }]);
  });

  it('a subclass inherits parameters and may declare them anew', async () => {
    class Base {
      @Parameter({ help: 'old' }) size = 1;
      @Parameter() name = 'base';
      run(): unknown {
        return [this.size, this.name];
      }
    }
    class Derived extends Base {
      @Parameter({ help: 'new' }) override size = 2;
    }
    expect(await flowOf(Derived).run({ name: 'n' })).toEqual([2, 'n']);
    expect(seen(flowOf(Derived)).inside?.parameters()[0]).toMatchObject({ name: 'size', default: 2, help: 'new' });
    expect(seen(flowOf(Base)).inside?.parameters()[0]).toMatchObject({ name: 'size', default: 1, help: 'old' });
  });

  it('contradictory defaults, and one that its own schema refuses, are errors', async () => {
    class Twice {
      @Parameter({ default: 1 }) size = 2;
      run(): void {}
    }
    class Refused {
      @Parameter({ schema: z.number().max(1) }) size = 2;
      run(): void {}
    }
    expect(await codeOf(() => flowOf(Twice))).toBe('PARAM_DECLARATION_INVALID');
    expect(await codeOf(() => flowOf(Refused))).toBe('PARAM_DECLARATION_INVALID');
  });

  it('S29: a drawing needs no parameters, also where a task reads the missing one', async () => {
    class Drawn {
      @Parameter({ schema: z.string() }) path!: string;
      @Task()
      load(): string {
        return this.path;
      }
      @Task()
      clean(rows: string): string {
        return rows;
      }
      run(): unknown {
        const tasks = tasksOf<Drawn>(this);
        return tasks.clean(tasks.load());
      }
    }
    const graph = await flowOf(Drawn).graph();
    expect(graph.nodes.map(({ id }) => id)).toEqual(['load#0', 'clean#0']);
    expect(graph.complete).toBe(true);
  });
});

describe('@Flow and flowOf', () => {
  it('a class has one flow, named like it or as told; no instance is made before it is asked for', async () => {
    let made = 0;
    @Flow()
    class Counted {
      constructor() {
        made++;
      }
      run(): number {
        return made;
      }
    }
    @Flow({ name: 'nightly' })
    class Renamed {
      run(): void {}
    }
    expect((Counted as { readonly flowName?: string }).flowName).toBe('Counted');
    expect(made).toBe(0);
    expect(flowOf(Counted)).toBe(flowOf(Counted));
    expect(made).toBe(1);
    expect(await flowOf(Counted).run()).toBe(2);
    expect(flowOf(Renamed).flowName).toBe('nightly');
    expect(seen(Renamed).name).toBe('nightly');
  });

  it('the command line finds the class by the brand of flows; a subclass is another flow, or none', () => {
    @Flow({ description: 'of the base', tags: ['x'] })
    class Parent {
      run(): void {}
    }
    class Child extends Parent {}
    expect(seen(Parent).inside).toBe(seen(flowOf(Parent)).inside);
    expect(seen(Child)).toEqual({ name: undefined, inside: undefined });
    expect(flowOf(Child).flowName).toBe('Child');
    expect(seen(flowOf(Child)).inside?.definition).toMatchObject({ description: 'of the base', tags: ['x'] });
  });

  it('among the defined flows each class stands once', () => {
    @Flow()
    class Once {
      run(): void {}
    }
    const standing = (): readonly unknown[] => defined().filter((one) => seen(one).name === 'Once');
    expect(standing()).toEqual([Once]);
    const made = flowOf(Once);
    expect(standing()).toEqual([made]);
  });

  it('flowOf takes a class without @Flow; with() keeps what it is', async () => {
    class Bare {
      n = 1;
      run(): number {
        return this.n;
      }
    }
    expect(await flowOf(Bare).with({ description: 'x' }).run({ n: 3 })).toBe(3);
    const outer = flow('takes a class flow', () =>
      flowOf(Bare)
        .with({ tags: ['t'] })
        .asTask()({ n: 4 }),
    );
    expect(await outer.run()).toBe(4);
  });

  it('it can be asked for in the body of another flow, without the sample drawing anything there', async () => {
    class Eager {
      constructor() {
        if (Eager.inBody) throw new Error('made inside a body');
      }
      static get inBody(): boolean {
        return false;
      }
      @Task()
      one(): number {
        return 1;
      }
      run(): unknown {
        return tasksOf<Eager>(this).one();
      }
    }
    const outer = flow('asks inside', () => flowOf(Eager).asTask()());
    expect(await outer.run()).toBe(1);
  });

  it('what cannot be a flow is refused', async () => {
    class Idle {}
    class Demanding {
      readonly size: number;
      constructor(size: number) {
        this.size = size;
      }
      run(): void {}
    }
    class Throwing {
      constructor() {
        throw new Error('no database');
      }
      run(): void {}
    }
    expect(await codeOf(() => Flow()(Idle))).toBe('FLOW_CLASS_INVALID');
    expect(await codeOf(() => flowOf(Idle as never))).toBe('FLOW_CLASS_INVALID');
    expect(await codeOf(() => flowOf(undefined as never))).toBe('FLOW_CLASS_INVALID');
    expect(await codeOf(() => flowOf(Demanding as never))).toBe('FLOW_CLASS_INVALID');
    expect(await codeOf(() => flowOf(Throwing))).toBe('FLOW_CLASS_INVALID');
    expect(
      await codeOf(() =>
        flowOf(
          class {
            run(): void {}
          },
        ),
      ),
    ).toBe('FLOW_NAME_MISSING');
  });
});
