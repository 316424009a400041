import { Fail, FlowRunError, flow, MillraceError, ParameterError, Skip, type TaskError, task } from '../../src/index.js';
import { is } from './expect-type.js';
import { load } from './sample.js';

/** What users catch is found by class, and told apart by `code`. */
export async function errorsHaveCodes(): Promise<void> {
  try {
    await flow('failing', () => load('rows.csv')).run();
  } catch (error) {
    if (error instanceof FlowRunError) {
      is<typeof error.runId, string>(true);
      is<typeof error.failures, readonly TaskError[]>(true);
      for (const { taskRunId, attempts, code } of error.failures)
        is<[typeof taskRunId, typeof attempts, typeof code], [string, number, string]>(true);
    } else if (error instanceof ParameterError) {
      for (const issue of error.issues) is<typeof issue.parameter, string>(true);
    } else if (error instanceof MillraceError) {
      is<typeof error.code, string>(true);
      is<typeof error.hint, string | undefined>(true);
      // @ts-expect-error a code never changes
      error.code = 'OTHER';
    }
  }
}

export function tasksEndThemselves(): void {
  task((rows: readonly unknown[]) => {
    if (rows.length === 0) throw new Skip('nothing to do');
    if (rows.length > 1_000) throw new Fail('too many rows to try again');
    throw new Fail();
  });
  // @ts-expect-error the reason is a text
  new Skip(new Error('nothing to do'));
}
