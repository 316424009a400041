import { ctx, flow, param, task } from 'millrace';
import * as v from 'valibot';
import * as z from 'zod';

const sign = task((to: string, token: string) => {
  // The parameter is secret: its value is `***` in logs, in the record and in errors.
  ctx().log.info(`signing for ${to} with ${token}`);
  return token.length;
});
const describe = task((settings: Readonly<Record<string, unknown>>) =>
  Object.entries(settings).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${JSON.stringify(value)}`])),
);

// Each parameter with a schema, here zod's, or a default. Without a default it is required.
export const withZod = flow(
  'with-zod',
  {
    params: {
      to: param(z.email(), { help: 'who gets it' }),
      format: z.enum(['csv', 'json', 'parquet']).default('csv'),
      ratio: param(z.number().gt(0).lt(1).default(0.2), { help: 'share of the rows' }),
      days: param({ default: 7, help: 'how far back' }),
      columns: z.array(z.string()).optional(),
      // Read from MILLRACE_PARAM_TOKEN, or else from SHOP_TOKEN.
      token: param(z.string().min(8).default('none-given'), { env: 'SHOP_TOKEN', secret: true, help: 'of the shop' }),
    },
  },
  ({ to, token, ...settings }) => ({ settings: describe(settings), signed: sign(to, token) }),
);

// One schema for all, here valibot's: it judges them together.
const Range = v.pipe(
  v.object({ from: v.optional(v.number(), 0), to: v.number(), step: v.optional(v.picklist([1, 2, 5]), 1) }),
  v.check(({ from, to }) => from <= to, '`from` must not be above `to`'),
);

export const withValibot = flow('with-valibot', { params: Range }, (range) => describe(range));
