import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { ctx, Fail, flow, param, task } from 'millrace';
import * as z from 'zod';

// World barley yields, as the vega-datasets package ships them.
const BARLEY = fileURLToPath(new URL('../data/barley.json', import.meta.resolve('vega-datasets')));

const Harvest = z.object({ yield: z.number(), variety: z.string(), year: z.number(), site: z.string() });
type Harvest = z.infer<typeof Harvest>;

const read = task(async (path: string) => z.array(Harvest).parse(JSON.parse(await readFile(path, 'utf8'))));
const ofYear = task((harvests: Harvest[], year: number) => harvests.filter((harvest) => harvest.year === year));
const meanYield = task((harvests: Harvest[]) => Math.round(harvests.reduce((sum, next) => sum + next.yield, 0) / harvests.length));
const bestOf = task((harvests: Harvest[]) => harvests.reduce((best, next) => (next.yield > best.yield ? next : best)).variety);
const announce = task((text: string) => ctx().log.info(text));

const year = param({ default: 1932, help: 'of the harvest: 1931 or 1932' });

export const harvest = flow('harvest', { params: { year } }, ({ year }) => ofYear(read(BARLEY), year));

export const report = flow('report', { params: { year } }, ({ year }) => {
  // The other flow as a task: it expands in this run, as a part of its graph.
  const harvests = harvest.asTask()({ year });
  return { mean: meanYield(harvests), best: bestOf(harvests) };
});

export const notify = flow('notify', { params: { text: param({ default: 'nothing' }) } }, ({ text }) => announce(text));

const sentence = task(({ mean, best }: { mean: number; best: string }, year: number) => `${year}: ${mean} bushels an acre, ${best} the best`);

/** Runs of its own: each with an id, a record and a place in `millrace runs`. */
export const season = flow('season', { params: { year } }, ({ year }) => {
  // Waits for the run, and gives its result. Nothing is held up meanwhile: it takes no slot.
  const summary = report.startChild({ year });
  const text = sentence(summary, year);
  // Does not wait: gives the id of the run. What becomes of that is its own affair.
  const notified = notify.startChild({ text }, { wait: false });
  return { text, notified: notified.get('runId') };
});

/** Another day, another process: what the newest run left behind, with its types. */
const lastReport = task(async () => {
  const run = await report.latest({ state: 'success' });
  if (!run) throw new Fail('there is no report yet; run `report` or `season` first');
  const { mean, best } = await run.result();
  return { mean, best, harvests: (await run.output(ofYear)).length };
});

export const lookBack = flow('look-back', () => lastReport());
