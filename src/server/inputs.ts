import { z } from '@hono/zod-openapi';
import { isSafeName, NAME_RULE } from '../model/name-rule.js';
import { isKeepable } from '../runtime/past/amendments.js';

/** What comes in by addresses and bodies. Whatever gets past these can be looked for in any database, and kept there. */

export const RunId = z.string().refine(isSafeName, `expected ${NAME_RULE}`).openapi({ description: 'The id of a run.' });
/** As `checkName` of tasks and flows has it. */
export const FlowName = z
  .string()
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  .regex(/^[^\s/#[\]\u0000-\u001f\u007f][^/#[\]\u0000-\u001f\u007f]{0,119}$/, 'expected the name of a flow')
  .openapi({ description: 'The name of a flow.' });

/** Text, of at most so many characters. */
export const words = (most: number) => z.string().max(most).refine(isKeepable, 'expected text without NUL and without half characters');
/** What somebody gives as a reason. */
export const reason = words(1_000).trim().min(1).optional();

/** What of it is in an address: there all is text, and `Number` would take ` ` and `0x1f`, too. */
export const whole = (least: number, most: number) => {
  const expected = `expected a whole number from ${least} to ${most}`;
  return z
    .string(expected)
    .regex(/^-?\d{1,15}$/, expected)
    .transform(Number)
    .refine((value) => value >= least && value <= most, expected)
    .openapi({ type: 'integer', minimum: least, maximum: most });
};

const MOST_PLACES = 10_000_000;
export const Place = whole(0, MOST_PLACES).openapi({ description: 'The place of a task run in its run, from 0.' });
/** The next page. */
export const after = (what: string) => whole(-1, Number.MAX_SAFE_INTEGER).optional().openapi({ description: what });
export const ArtifactName = words(200).min(1).openapi({ description: '`result`, the name of an output, or that of an artifact.' });
export const TaskName = words(300).optional();

/** How many of a page. */
export const pageSize = (usual: number, most: number) =>
  whole(1, most).default(usual).openapi({ type: 'integer', minimum: 1, maximum: most, default: usual });
/** One, or several of it: `?tag=a&tag=b`. */
export const several = z
  .union([words(500), z.array(words(500)).max(20)])
  .transform((given) => (typeof given === 'string' ? [given] : given))
  .optional();
export const yes = z
  .enum(['true', 'false'])
  .optional()
  .transform((text) => text === 'true');

/** In a body: with the time, and `Z` or an offset. */
export const instant = z.iso
  .datetime({ offset: true, error: 'expected a time with Z or an offset, such as 2026-11-20T09:30:00Z' })
  .transform((text) => new Date(text))
  .openapi({ type: 'string', format: 'date-time' });
/** In an address: a date alone is its midnight in UTC. A plus that is not written as %2B comes as a blank. */
export const moment = z
  .preprocess(
    (text) => (typeof text === 'string' ? text.replace(' ', '+') : text),
    z.union([z.iso.datetime({ offset: true }), z.iso.date()], 'expected a date, or a time with Z or an offset: 2026-11-20, 2026-11-20T09:30:00Z'),
  )
  .transform((text) => new Date(text))
  .optional()
  .openapi({ type: 'string', format: 'date-time', description: 'A time with `Z` or an offset; a date alone is its midnight in UTC.' });
