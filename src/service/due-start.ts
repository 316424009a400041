import { asError, type MillraceError } from '../base/error.js';

/** What no second attempt would mend: what the run was asked to do is wrong. */
const REFUSED =
  /^(?:PARAMETER_INVALID|PARAM_|RUN_OPTION_INVALID|TAG_INVALID|NOTHING_TO_RESUME|RUN_UNKNOWN|RUN_OF_ANOTHER_FLOW|RUN_GOING_ON|TASK_UNKNOWN)/;

/** Writes down why a due run never began, where trying again would not help. @param error what its start came to */
export async function settleUnbegun(error: unknown, settle: (state: 'started' | 'refused', why?: string) => Promise<void>): Promise<void> {
  const { code, message } = asError(error) as MillraceError;
  // Somebody else has started it.
  if (code === 'RUN_EXISTS') await settle('started');
  else if (code !== undefined && REFUSED.test(code)) await settle('refused', message);
}
