import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { flow, match, merge, param, Skip, task, when } from 'millrace';
import * as z from 'zod';

// Monthly prices of five shares, 2000 to 2010, as the vega-datasets package ships them.
const STOCKS = fileURLToPath(new URL('../data/stocks.csv', import.meta.resolve('vega-datasets')));

type Trend = 'rising' | 'falling' | 'flat';

/** No cell of this file is quoted, so that a comma always is a border. */
const read = task(async (path: string, symbol: string) => {
  const lines = (await readFile(path, 'utf8')).trim().split('\n').slice(1);
  return lines.map((line) => line.split(',')).flatMap(([of, , price]) => (of === symbol ? [Number(price)] : []));
});

/** Skip says that there is nothing to do here. That is no failure; what depends on it is skipped, too. */
const mine = task((prices: string): number[] => {
  if (prices === '') throw new Skip('no prices were given');
  return prices.split(',').map(Number);
});

const trendOf = task((prices: number[]): Trend => {
  const change = prices.at(-1)! / prices[0]! - 1;
  return Math.abs(change) < 0.1 ? 'flat' : change > 0 ? 'rising' : 'falling';
});
const gain = task((prices: number[]) => `${(prices.at(-1)! / prices[0]!).toFixed(1)} times its first price`);
const loss = task((prices: number[]) => `${Math.round((1 - prices.at(-1)! / prices[0]!) * 100)} % lost`);
const spread = task((prices: number[]) => `between ${Math.min(...prices)} and ${Math.max(...prices)}`);
const isWild = task((prices: number[]) => Math.max(...prices) > 5 * Math.min(...prices));
const worstMonth = task((prices: number[]) => Math.min(...prices.slice(1).map((price, month) => price / prices[month]! - 1)));
const smoothed = task((prices: number[], months: number) => {
  const means = prices.slice(months - 1).map((_, start) => prices.slice(start, start + months).reduce((sum, price) => sum + price, 0) / months);
  return { means, turns: means.slice(2).filter((mean, at) => (mean - means[at + 1]!) * (means[at + 1]! - means[at]!) < 0).length };
});

const symbol = param(z.enum(['MSFT', 'AMZN', 'IBM', 'GOOG', 'AAPL']).default('AMZN'), { help: 'whose share' });

// Branches in the graph: `visualize` and `preview` show both sides, and what is not taken ends as skipped.
export const judge = flow(
  'judge',
  { description: 'Says what became of a share.', params: { symbol, prices: param({ default: '', help: 'prices of your own, as 1,2,3' }) } },
  ({ symbol, prices }) => {
    // The first that has a value.
    const known = merge(mine(prices), read(STOCKS, symbol));
    return {
      verdict: match(trendOf(known), { rising: () => gain(known), falling: () => loss(known), flat: () => spread(known) }),
      worstMonth: when(isWild(known), () => worstMonth(known)),
    };
  },
);

// Branches in the body: `await` gives the value, and the rest is JavaScript. What comes of it is known only when it runs; `preview` says where
// it had to stop.
export const smooth = flow(
  'smooth',
  { description: 'Smooths a share until it rarely turns.', params: { symbol, turns: param({ default: 10, help: 'as often it may turn' }) } },
  async ({ symbol, turns }) => {
    const prices = read(STOCKS, symbol);
    for (let months = 1; months <= 32; months *= 2) {
      const curve = await smoothed(prices, months);
      if (curve.turns <= turns) return { months, turns: curve.turns };
    }
    return undefined;
  },
);
