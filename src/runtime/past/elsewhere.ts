import { ResultUnavailableError } from '../../results/store-address.js';
import { isInFolder, otherMachineOf } from '../../runs/other-machine.js';
import type { RunRecord } from '../../runs/run-record.js';

/**
 * Reads a result. One that is not to be found is not gone when it was made on another machine, into a folder there.
 * @param run that made it
 * @throws ResultUnavailableError `RESULT_ELSEWHERE`, and what `load` throws
 */
export async function whereItLies<T>(record: Pick<RunRecord, 'run'>, run: string, load: () => T | Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const { code, ref } = error as Partial<ResultUnavailableError>;
    if (code !== 'RESULT_MISSING' || ref === undefined || !isInFolder(ref)) throw error;
    const machine = await otherMachineOf(record, run);
    if (machine === undefined) throw error;
    throw new ResultUnavailableError(
      'RESULT_ELSEWHERE',
      `the result at '${ref.uri}' lies on machine '${machine}', in a folder that is not seen from here`,
      ref,
      {
        cause: error,
        hint: 'Look it up there; or give the flow a store that all machines reach (store: s3Store(…)), and run it again.',
      },
    );
  }
}
