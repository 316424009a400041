import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { cache, flow, load, param, s3Store, task } from 'millrace';

// Any server that speaks S3. For MinIO on this machine: S3_ENDPOINT=http://localhost:9000 S3_BUCKET=my-bucket, with AWS_ACCESS_KEY_ID and
// AWS_SECRET_ACCESS_KEY; for Amazon leave the endpoint out. Credentials are found by the AWS SDK, and never stand in a flow's code.
const store = s3Store({
  bucket: process.env.S3_BUCKET ?? 'millrace-example',
  prefix: 'climate',
  endpoint: process.env.S3_ENDPOINT,
});

const WEATHER = fileURLToPath(new URL('../data/seattle-weather.csv', import.meta.resolve('vega-datasets')));

interface Day {
  readonly date: string;
  readonly rainMm: number;
  readonly warmest: number;
}

const days = task(async (): Promise<Day[]> => {
  const [, ...lines] = (await readFile(WEATHER, 'utf8')).trim().split('\n');
  return lines.map((line) => {
    const [date = '', rain, warmest] = line.split(',');
    return { date, rainMm: Number(rain), warmest: Number(warmest) };
  });
});

const ofYear = task((all: Day[], year: number) => all.filter(({ date }) => date.startsWith(String(year))));

const sumUp = task((its: Day[], year: number) => ({
  year,
  rainMm: Math.round(its.reduce((sum, { rainMm }) => sum + rainMm, 0)),
  warmest: Math.max(...its.map(({ warmest }) => warmest)),
}));

/** Every result of this flow lies in the bucket, the small ones too, and is found there again by whoever runs it with the same record. */
export const climate = flow('climate', { store, cache: cache.default, params: { year: param({ default: 2013 }) } }, ({ year }) => {
  const all = days();
  return sumUp(ofYear(all, year), year);
});

const read = task((address: string) => load(store, address));

/** Reads a result by the address that `millrace inspect climate/latest/sumUp --json` shows: it needs the bucket, and no record of the run. */
export const look = flow('look', { params: { address: param({ default: '' }) } }, ({ address }) => read(address));
