import type { LogQuery } from '../../flow/past.js';
import type { OpenRecord } from './source.js';

const PAGE = 1_000;

/** Page by page: a run may have logged a million lines. */
export async function* logTexts(open: OpenRecord, run: string, { level, task, attempt }: LogQuery): AsyncGenerator<string> {
  let after: number | undefined;
  for (;;) {
    await using project = await open();
    const page = await project.record.logs(run, {
      limit: PAGE,
      ...(task === undefined ? {} : { node: task }),
      ...(level === undefined ? {} : { level }),
      ...(attempt === undefined ? {} : { attempt }),
      ...(after === undefined ? {} : { after }),
    });
    for (const { text } of page) yield text;
    after = page.at(-1)?.seq;
    if (page.length < PAGE || after === undefined) return;
  }
}
