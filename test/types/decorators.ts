import { z } from 'zod';
import { Flow, flowOf, Parameter, Task, type TaskMethods, tasksOf } from '../../src/decorators/index.js';
import { cache, type Future, type Task as PlainTask } from '../../src/index.js';
import { is } from './expect-type.js';

@Flow({ description: 'class style', cache: cache.default, concurrency: 4 })
export class Training {
  @Parameter({ help: 'Where the rows are', schema: z.string() }) path!: string;
  @Parameter({ env: 'RATE' }) rate = 0.1;
  verbose = false;
  #secret = 1;

  @Task({ tags: ['io'], version: '2' })
  async load(path: string, limit?: number): Promise<readonly number[]> {
    return [path.length, limit ?? this.#secret];
  }

  @Task({ cache: false, name: (rows) => `fit of ${rows.length}` })
  fit(rows: readonly number[], settings: { readonly rate: number }): { readonly score: number } {
    return { score: rows.length * settings.rate };
  }

  @Task()
  report(): void {}

  run() {
    const tasks = tasksOf<Training>(this);
    const rows = tasks.load(this.path);
    is<typeof rows, Future<readonly number[]>>(true);
    const model = tasks.fit(rows, { rate: this.rate });
    is<typeof model, Future<{ readonly score: number }>>(true);
    const rate = model.get('score');
    tasks.fit([1, 2], { rate });
    tasks.report().after(model);
    // @ts-expect-error a future of rows is no settings
    tasks.fit(rows, rows);
    // @ts-expect-error an argument is missing
    tasks.fit(rows);
    // @ts-expect-error a field is no task
    tasks.rate;
    // @ts-expect-error no such method
    tasks.predict();
    return { model, rows };
  }
}

export function viewsAreTyped(): void {
  const view = tasksOf(new Training());
  is<typeof view, TaskMethods<Training>>(true);
  is<typeof view.fit, PlainTask<[rows: readonly number[], settings: { readonly rate: number }], { readonly score: number }>>(true);
}

export async function flowsAreTyped(): Promise<void> {
  const training = flowOf(Training);
  const result = await training.run({ path: 'rows.csv' });
  is<typeof result, { model: { readonly score: number }; rows: readonly number[] }>(true);
  await training.run();
  await training.run({ rate: 1, verbose: true }, { tags: ['nightly'] });
  // @ts-expect-error the field is a number
  await training.run({ rate: 'fast' });
  // @ts-expect-error no such field
  await training.run({ depth: 1 });
  // @ts-expect-error a method is no parameter
  await training.run({ fit: 1 });
  const asTask = training.asTask();
  is<typeof asTask, PlainTask<[params?: Parameters<typeof training.run>[0] & {}], typeof result>>(true);
}

export class Misplaced {
  // @ts-expect-error a field is no task
  @Task() field = 1;
  // @ts-expect-error a getter is no task
  @Task() get size(): number {
    return 1;
  }
  // @ts-expect-error a method is no parameter
  @Parameter() method(): void {}
  // @ts-expect-error unknown option
  @Task({ chache: false }) typo(): void {}
  // @ts-expect-error a flow is a class
  @Flow() other(): void {}
}

export function classesAreChecked(): void {
  class Idle {
    size = 1;
  }
  class Demanding {
    readonly size: number;
    constructor(size: number) {
      this.size = size;
    }
    run(): number {
      return this.size;
    }
  }
  // @ts-expect-error it has no run()
  flowOf(Idle);
  // @ts-expect-error an instance cannot be made without arguments
  flowOf(Demanding);
}
