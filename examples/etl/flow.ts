import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { createGunzip, createGzip } from 'node:zlib';
import { check, ctx, Fail, flow, param, task } from 'millrace';

// Four years of weather in Seattle, day by day, as the vega-datasets package ships them.
const WEATHER = fileURLToPath(new URL('../data/seattle-weather.csv', import.meta.resolve('vega-datasets')));

interface Day {
  readonly date: string;
  readonly rainMm: number;
  readonly warmest: number;
  readonly coldest: number;
}

interface Month {
  readonly month: string;
  readonly days: number;
  readonly rainMm: number;
  readonly meanWarmest: number;
}

const makeScratch = task(() => mkdtemp(join(tmpdir(), 'millrace-etl-')));

/** Fetches the raw data to a file of ours; here it only packs them. What tasks hand on is stored, so a path goes on rather than the bytes. */
const extract = task(async (source: string, scratch: string) => {
  const packed = join(scratch, 'weather.csv.gz');
  await pipeline(createReadStream(source), createGzip(), createWriteStream(packed), { signal: ctx().signal });
  return packed;
});

/** No cell of this file is quoted, so that a comma always is a border. */
const transform = task(
  async (packed: string): Promise<Day[]> => {
    const days: Day[] = [];
    for await (const line of createInterface({ input: createReadStream(packed).pipe(createGunzip()) })) {
      const [date, rain, warmest, coldest] = line.split(',');
      if (date === 'date') continue;
      days.push({ date: date ?? '', rainMm: Number(rain), warmest: Number(warmest), coldest: Number(coldest) });
    }
    ctx().log.info(`${days.length} days read`);
    return days;
  },
  {
    // Checks look at the result. One that does not pass fails the task; one of severity `warn` is recorded and shown.
    checks: [
      check('every cell is a number', (days) => {
        const odd = days.find(({ rainMm, warmest, coldest }) => ![rainMm, warmest, coldest].every(Number.isFinite));
        return odd === undefined || `the day '${odd.date}' has a cell that is none`;
      }),
      check('each day comes once', (days) => new Set(days.map(({ date }) => date)).size === days.length),
      check(
        'no frost',
        (days) => {
          const cold = days.filter(({ coldest }) => coldest < 0).length;
          return cold === 0 || `${cold} days went below freezing`;
        },
        { severity: 'warn' },
      ),
    ],
  },
);

const summarize = task((days: Day[]): Month[] => {
  const months = new Map<string, Day[]>();
  for (const day of days) {
    const month = day.date.slice(0, 7);
    months.set(month, [...(months.get(month) ?? []), day]);
  }
  return [...months].map(([month, its]) => ({
    month,
    days: its.length,
    rainMm: rounded(its.reduce((sum, { rainMm }) => sum + rainMm, 0)),
    meanWarmest: rounded(its.reduce((sum, { warmest }) => sum + warmest, 0) / its.length),
  }));
});

/** What was loaded before. The first time there is no such file, and the task fails: see below what becomes of that. */
const loadedBefore = task(async (target: string) => JSON.parse(await readFile(target, 'utf8')) as Month[]);

/** Written beside the target and renamed, so that nobody ever reads half a file. */
const load = task(async (months: Month[], before: Month[], target: string) => {
  if (months.length < before.length) throw new Fail(`the target has ${before.length} months already; refusing to replace them by ${months.length}`);
  const draft = `${target}.${ctx().runId}.tmp`;
  await mkdir(dirname(target), { recursive: true });
  await writeFile(draft, `${JSON.stringify(months, null, 2)}\n`);
  await rename(draft, target);
  return { target, months: months.length, added: months.length - before.length };
});

// A trigger rule says when a task runs, given how those before it ended. These two run after failures as well, and do not make them good: the
// run is red all the same. (A task that says `handles: true` does make them good.)
const cleanUp = task((scratch: string) => rm(scratch, { recursive: true, force: true }), { trigger: 'all-done' });
const alarm = task((target: string) => console.error(`ALARM: ${target} was not brought up to date`), { trigger: 'any-failed' });

export const etl = flow(
  'etl',
  {
    description: 'Sums up the weather of Seattle by month.',
    params: {
      source: param({ default: WEATHER, help: 'the CSV file' }),
      target: param({ default: 'out/weather-by-month.json', help: 'the file to write' }),
    },
  },
  ({ source, target }) => {
    const scratch = makeScratch();
    const months = summarize(transform(extract(source, scratch)));
    // A failure that has a fallback is handled: it is listed, and does not fail the run.
    const loaded = load(months, loadedBefore(target).orElse([]), target);
    // `after` orders without handing anything on.
    cleanUp.after(loaded)(scratch);
    alarm.after(loaded)(target);
    return loaded;
  },
);

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
