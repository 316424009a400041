import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { at, businessDays, cache, cron, ctx, flow, onDays, param, Skip, task } from 'millrace';

// Serve it with `millrace serve examples/scheduled`.

// Four years of weather in Seattle, day by day, as the vega-datasets package ships them.
const WEATHER = fileURLToPath(new URL('../data/seattle-weather.csv', import.meta.resolve('vega-datasets')));

interface Day {
  readonly date: string;
  readonly rainMm: number;
  readonly warmest: number;
}

const load = task(
  async (): Promise<Day[]> => {
    const [, ...lines] = (await readFile(WEATHER, 'utf8')).trim().split('\n');
    return lines.map((line) => {
      const [date = '', rain, warmest] = line.split(',');
      return { date, rainMm: Number(rain), warmest: Number(warmest) };
    });
  },
  { cache: cache.default },
);

/** What the weather was on this day of the year: a run looks at the time that it stands for, never at the clock. */
const onThisDay = task((days: readonly Day[], date: string, around: number) => {
  const wanted = new Set(daysAround(date, around));
  const found = days.filter((day) => wanted.has(day.date.slice(5)));
  if (found.length === 0) throw new Skip(`no weather of ${date} is known`);
  const mean = (of: (day: Day) => number): number => Math.round((found.reduce((sum, day) => sum + of(day), 0) / found.length) * 10) / 10;
  return { date, days: found.length, rainMm: mean(({ rainMm }) => rainMm), warmest: mean(({ warmest }) => warmest) };
});

/** `MM-DD` of the days so many before and after. */
function daysAround(date: string, around: number): readonly string[] {
  const middle = Date.parse(`${date}T12:00Z`);
  return Array.from({ length: 2 * around + 1 }, (_, place) => new Date(middle + (place - around) * 86_400_000).toISOString().slice(5, 10));
}

export default flow(
  'weather-of-the-day',
  {
    params: { around: param({ default: 0, help: 'days before and after that count, too' }) },
    // On business days at half past six in Seattle, whatever clocks are changed to; and the week around each Sunday.
    schedule: [
      onDays(businessDays({ holidays: ['01-01', '07-04', '12-25'] }), { at: '06:30', timezone: 'America/Los_Angeles' }),
      at(cron('0 7 * * 0', { timezone: 'America/Los_Angeles' }), { around: 3 }),
    ],
    // After a night without a service, each day has its run all the same.
    missed: 'all',
    overlap: 'queue',
  },
  ({ around }) => {
    const day = new Intl.DateTimeFormat('sv', { timeZone: 'America/Los_Angeles' }).format(ctx().scheduledTime);
    return onThisDay(load(), day, around);
  },
);
