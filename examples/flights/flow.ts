// Three million real flights, in memory as columns all the way: a DataFrame that a task returns is stored as Parquet, and the next task gets
// it as a DataFrame. Nothing is turned into row objects but the few lines that people read. A second run reads none of it again.
import { fileURLToPath } from 'node:url';
import { cache, check, csv, ctx, flow, json, param, parquet, task } from 'millrace';
import polars from 'nodejs-polars';

// Flights within the United States in the first half of 2001, as the vega-datasets package ships them.
const FLIGHTS = fileURLToPath(new URL('../data/flights-3m.parquet', import.meta.resolve('vega-datasets')));

type Frame = ReturnType<typeof polars.DataFrame>;
const { col } = polars;

interface Airport {
  readonly origin: string;
  readonly flights: number;
  readonly meanDelay: number;
}

/** Only the columns that are asked for are read from the file. */
export const read = task((path: string): Frame => polars.readParquet(path, { columns: ['date', 'delay', 'distance', 'origin'] }));

/** Nobody lands hours before the plan: such delays are typing errors. */
export const clean = task(
  (flights: Frame): Frame => {
    const possible = flights.dropNulls().filter(col('delay').gtEq(-120).and(col('distance').gt(0)));
    ctx().log.info(`${flights.height - possible.height} of ${flights.height} flights dropped`);
    return possible;
  },
  { checks: [check('nearly all are left', (possible) => possible.height > 2_900_000)] },
);

export const delays = task(
  (flights: Frame, atLeast: number) => {
    const byHour = flights
      .withColumn(col('date').date.hour().alias('hour'))
      .groupBy('hour')
      .agg(col('delay').count().alias('flights'), col('delay').mean().alias('meanDelay'))
      .sort('hour');
    const byAirport = flights
      .groupBy('origin')
      .agg(col('delay').count().alias('flights'), col('delay').mean().alias('meanDelay'))
      .filter(col('flights').gtEq(atLeast))
      .sort('origin')
      .sort('meanDelay', true, false, true);
    const airports = byAirport.toRecords() as unknown as Airport[];
    const hours = byHour.toRecords() as unknown as { hour: number; flights: number; meanDelay: number }[];
    const worst = hours.filter(({ flights }) => flights >= atLeast).reduce((worst, next) => (next.meanDelay > worst.meanDelay ? next : worst));
    return { byHour, airports, summary: { flights: flights.height, worstHour: worst.hour, worstAirport: airports[0]?.origin } };
  },
  // Each output in the format that suits who reads it: programs, spreadsheets, everybody.
  { outputs: { byHour: parquet(), airports: csv<Airport>(), summary: json() } },
);

/** What it is worth to leave in the morning. */
export const morningGain = task((byHour: Frame): number => {
  const mean = (from: number, to: number) =>
    byHour
      .filter(col('hour').gtEq(from).and(col('hour').lt(to)))
      .getColumn('meanDelay')
      .mean();
  return Math.round((mean(17, 21) - mean(6, 10)) * 10) / 10;
});

export const flights = flow(
  'flights',
  {
    description: 'When, and from where, not to fly.',
    cache: cache.default,
    params: {
      path: param({ default: FLIGHTS, help: 'a Parquet file of flights' }),
      atLeast: param({ default: 10_000, help: 'flights an airport must have' }),
    },
  },
  ({ path, atLeast }) => {
    const { byHour, summary } = delays(clean(read(path)), atLeast);
    return { summary, morningGainMinutes: morningGain(byHour) };
  },
);
