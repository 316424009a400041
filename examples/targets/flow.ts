import { fileURLToPath } from 'node:url';
import { csv, externalTask, flow, param, sqlTable, task, unmapped } from 'millrace';

// Four years of weather in Seattle, as the vega-datasets package ships them: a file that others made.
const WEATHER = fileURLToPath(new URL('../data/seattle-weather.csv', import.meta.resolve('vega-datasets')));

interface Day {
  readonly date: string;
  readonly precipitation: number;
  readonly temp_max: number;
  readonly weather: string;
}

interface Month {
  readonly month: string;
  readonly days: number;
  readonly rainMm: number;
  readonly warmest: number;
}

/** Waited for, if it is not there yet, and read anew in each run: what follows runs again when its content has changed. */
const days = externalTask<Day[]>('days', { target: WEATHER, serializer: csv<Day>(), timeout: '1m' });

const ofYear = task(
  (all: Day[], year: number): Month[] => {
    const months = new Map<string, Day[]>();
    for (const day of all) {
      const date = new Date(day.date);
      if (date.getFullYear() !== year) continue;
      const month = `${year}-${String(date.getMonth() + 1).padStart(2, '0')}`;
      months.set(month, [...(months.get(month) ?? []), day]);
    }
    return [...months].map(([month, its]) => ({
      month,
      days: its.length,
      rainMm: Math.round(its.reduce((sum, { precipitation }) => sum + Number(precipitation), 0)),
      warmest: Math.max(...its.map(({ temp_max }) => Number(temp_max))),
    }));
  },
  // One file for each year. The extension says the format.
  { target: 'out/months/{input.year}.csv' },
);

/** The table is filled beside the old one and takes its place at once: whoever reads it sees all of one or the other. */
const toTable = task((years: Month[][]) => years.flat(), { target: sqlTable<Month>('months', { db: 'out/weather.db' }) });

const report = task(
  (months: Month[], title: string) => {
    const wettest = months.reduce((a, b) => (b.rainMm > a.rainMm ? b : a));
    return `# ${title}\n\n${months.length} months; the wettest was ${wettest.month} with ${wettest.rainMm} mm.\n`;
  },
  { target: 'out/{param.title}-{date:yyyy}.md' },
);

/** Delete or edit a file under `out/`, and only that file is made again. `millrace preview` says which, and why. */
export const targets = flow('targets', { params: { title: param({ default: 'rain' }) } }, ({ title }) => {
  const months = toTable(ofYear.map(unmapped(days()), [2012, 2013, 2014, 2015]));
  return { months: months.get('length'), text: report(months, title) };
});
