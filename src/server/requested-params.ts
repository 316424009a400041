import { ParameterError } from '../flow/parameter-error.js';
import { requestedParams } from '../runtime/served/requested-params.js';
import { ApiError } from './api-error.js';
import type { ServedFlow } from './find.js';

/**
 * Parameters that somebody asks for with a request, as a due run has them.
 * @param isWhole those that are required must be there; a run that resumes another has them from that one
 * @throws ApiError `PARAMETER_INVALID`, with every issue; what came is not told back: it may be a secret in the wrong place
 */
export async function paramsOf(
  { name, served }: ServedFlow,
  values: Readonly<Record<string, unknown>>,
  isWhole: boolean,
): Promise<Readonly<Record<string, string>>> {
  try {
    return await requestedParams(served, { texts: {}, values, file: undefined, isPart: !isWhole });
  } catch (error) {
    if (!(error instanceof ParameterError)) throw error;
    const issues = error.issues.map(({ parameter, problem, expected, suggestion }) => ({
      path: parameter,
      message:
        problem === 'unknown'
          ? `there is no such parameter${suggestion === undefined ? '' : `; did you mean '${suggestion}'?`}`
          : `expected ${expected}${problem === 'missing' ? '; got nothing' : ''}`,
    }));
    const what = issues.length === 1 ? 'a parameter is' : `${issues.length} parameters are`;
    throw new ApiError(422, 'PARAMETER_INVALID', `${what} not what flow '${name}' takes`, { issues });
  }
}
