import * as v from 'valibot';
import { z } from 'zod';
import { type Flow, file, flow, includeFile, param } from '../../src/index.js';
import { is } from './expect-type.js';

const tuned = flow(
  'tuned',
  {
    params: {
      path: param(z.string().min(1), { help: 'where the rows are' }),
      rate: param({ default: 0.1, env: 'RATE' }),
      verbose: param({ default: false }),
      kind: z.enum(['forest', 'boost']).default('forest'),
      depth: v.optional(v.number(), 3),
      since: z.coerce.date().optional(),
    },
  },
  (params) => {
    is<typeof params.path, string>(true);
    is<typeof params.rate, number>(true);
    is<typeof params.verbose, boolean>(true);
    is<typeof params.kind, 'forest' | 'boost'>(true);
    is<typeof params.depth, number>(true);
    is<typeof params.since, Date | undefined>(true);
    // @ts-expect-error parameters are immutable (S18)
    params.rate = 0.2;
    // @ts-expect-error no such parameter
    params.width;
    return params.depth;
  },
);

export async function parametersAreChecked(): Promise<void> {
  const depth = await tuned.run({ path: 'rows.csv' });
  is<typeof depth, number>(true);
  await tuned.run({ path: 'rows.csv', rate: 0.2, verbose: true, kind: 'boost', depth: 4 });
  await tuned.run({ path: 'rows.csv' }, { tags: ['nightly'], signal: AbortSignal.timeout(1_000) });
  tuned.start({ path: 'rows.csv' });
  // @ts-expect-error a required parameter is missing
  await tuned.run();
  // @ts-expect-error also here
  await tuned.run({ rate: 0.2 });
  // @ts-expect-error and here
  tuned.start();
  // @ts-expect-error not in the enumeration
  await tuned.run({ path: 'rows.csv', kind: 'svm' });
  // @ts-expect-error a default of 0.1 makes a number
  await tuned.run({ path: 'rows.csv', rate: 'fast' });
  // @ts-expect-error unknown parameter
  await tuned.run({ path: 'rows.csv', width: 1 });
}

export async function whatIsOptional(): Promise<void> {
  const easy = flow('easy', { params: { rate: param({ default: 0.1 }) } }, ({ rate }) => rate);
  await easy.run();
  await easy.run({});
  await easy.run({ rate: 1 });
  await easy.preview();
  await easy.graph({ rate: 1 });

  const plain = flow('plain', () => 1);
  await plain.run();
  await plain.run({});
  // @ts-expect-error it has none
  await plain.run({ rate: 1 });
}

export async function wholeObjectSchemas(): Promise<void> {
  const schema = z.object({ path: z.string(), rate: z.number().default(0.1) }).refine((all) => all.rate < 1);
  const whole = flow('whole', { params: schema }, (params) => {
    is<typeof params, { path: string; rate: number }>(true);
    return params.rate;
  });
  is<typeof whole, Flow<typeof schema, number>>(true);
  await whole.run({ path: 'rows.csv' });
  // @ts-expect-error the path is missing
  await whole.run({ rate: 0.2 });
}

export function declarationsAreChecked(): void {
  // @ts-expect-error neither a schema nor a default
  param({ help: 'nothing to go by' });
  // @ts-expect-error a default is a text, a number or a boolean; for anything else there are schemas
  param({ default: { rate: 1 } });
  // @ts-expect-error a plain value is no declaration
  flow('wrong', { params: { rate: 0.1 } }, () => 1);
}

export async function filesAsParameters(): Promise<void> {
  const rows = z.array(z.object({ id: z.string() }));
  const including = flow(
    'including',
    {
      params: {
        notes: includeFile(),
        rows: includeFile({ parse: 'csv', delimiter: ';', schema: rows, default: 'rows.csv' }),
        lines: includeFile({ parse: (text: string) => text.split('\n').length }),
      },
    },
    (params) => {
      is<typeof params.notes, string>(true);
      is<typeof params.rows, { id: string }[]>(true);
      is<typeof params.lines, number>(true);
      return params.lines;
    },
  );
  await including.run({ notes: file('notes.md'), lines: file('lines.txt') });
  // @ts-expect-error a file is given as file(path)
  await including.run({ notes: 'notes.md', lines: file('lines.txt') });
  // @ts-expect-error without a default it is required
  await including.run({ notes: file('notes.md') });
  // @ts-expect-error CSV needs a schema
  includeFile({ parse: 'csv' });
}
