import type { LogQuery } from '../../flow/past.js';
import { logPages } from '../../runs/log-pages.js';
import type { OpenRecord } from './source.js';

/** The texts of a log, one by one. The record is open until they end, or whoever goes through them has had enough. */
export async function* logTexts(open: OpenRecord, run: string, { level, task, attempt }: LogQuery): AsyncGenerator<string> {
  await using project = await open();
  const filter = {
    ...(task === undefined ? {} : { node: task }),
    ...(level === undefined ? {} : { level }),
    ...(attempt === undefined ? {} : { attempt }),
  };
  for await (const page of logPages(project.record, run, filter)) for (const { text } of page) yield text;
}
