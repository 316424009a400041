import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { flow, param, task } from 'millrace';
import { Flow, Parameter, Task, tasksOf } from 'millrace/decorators';

// 406 cars of the years 1970 to 1982, as the vega-datasets package ships them.
const CARS = fileURLToPath(new URL('../data/cars.json', import.meta.resolve('vega-datasets')));

interface Car {
  readonly Name: string;
  readonly Origin: string;
  readonly Miles_per_Gallon: number | null;
}

// The flow as functions …
const read = task(async (origin: string) => (JSON.parse(await readFile(CARS, 'utf8')) as Car[]).filter((car) => car.Origin === origin));
const mean = task((cars: Car[]) => meanOf(cars));
const thriftiest = task((cars: Car[]) => thriftiestOf(cars));

export const cars = flow('cars', { params: { origin: param({ default: 'Japan', help: 'USA, Europe or Japan' }) } }, ({ origin }) => {
  const all = read(origin);
  return { mean: mean(all), thriftiest: thriftiest(all) };
});

// … and as a class: fields are parameters, `@Task` methods are tasks, `run` is the body. The command finds it because it is exported.
@Flow({ name: 'cars-class' })
export class Cars {
  @Parameter({ help: 'USA, Europe or Japan' }) origin = 'Japan';

  @Task()
  async load(): Promise<Car[]> {
    const all = JSON.parse(await readFile(CARS, 'utf8')) as Car[];
    return all.filter((car) => car.Origin === this.origin);
  }

  @Task({ tags: ['statistics'] })
  average(all: Car[]): number {
    return meanOf(all);
  }

  @Task()
  best(all: Car[]): string | undefined {
    return thriftiestOf(all);
  }

  run() {
    // `this.load()` would be a plain call. The view's methods give futures.
    const tasks = tasksOf<Cars>(this);
    const all = tasks.load();
    return { mean: tasks.average(all), thriftiest: tasks.best(all) };
  }
}

// A class can be varied by another: the flow is the same but for what is overridden.
@Flow({ name: 'cars-by-length-of-name' })
export class CarsByName extends Cars {
  override best(all: Car[]): string | undefined {
    return all.map((car) => car.Name).sort((a, b) => b.length - a.length)[0];
  }
}

function meanOf(all: readonly Car[]): number {
  const known = all.flatMap(({ Miles_per_Gallon }) => Miles_per_Gallon ?? []);
  return Math.round((known.reduce((sum, next) => sum + next, 0) / known.length) * 10) / 10;
}

function thriftiestOf(all: readonly Car[]): string | undefined {
  return all.toSorted((a, b) => (b.Miles_per_Gallon ?? 0) - (a.Miles_per_Gallon ?? 0))[0]?.Name;
}
