import { checkOptions, FROM_ONE, type OptionKind, oneOf, TEXT } from '../../flow/option-kinds.js';
import type { LogQuery } from '../../flow/past.js';
import { logPages } from '../../runs/log-pages.js';
import { LOG_LEVELS } from '../../runs/look.js';
import type { OpenRecord } from './source.js';

const LINES: Readonly<Record<keyof LogQuery, OptionKind>> = { level: oneOf(...LOG_LEVELS), task: TEXT, attempt: FROM_ONE };

/** The texts of a log, one by one. The record is open until they end, or whoever goes through them has had enough. @throws MillraceError `LOG_QUERY_INVALID` */
export async function* logTexts(open: OpenRecord, run: string, query: LogQuery): AsyncGenerator<string> {
  checkOptions(LINES, query, 'LOG_QUERY_INVALID', ' of the lines that are asked for');
  const { level, task, attempt } = query;
  await using project = await open();
  const filter = {
    ...(task === undefined ? {} : { node: task }),
    ...(level === undefined ? {} : { level }),
    ...(attempt === undefined ? {} : { attempt }),
  };
  for await (const page of logPages(project.record, run, filter)) for (const { text } of page) yield text;
}
