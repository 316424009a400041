import { isAlive } from '../base/process-identity.js';
import type { RunRecord } from './run-record.js';

/**
 * The name of the machine, or container, on which a run was executed, when it is not this one: folders there are not those here, even under the same
 * path. Undefined too where nothing is known of the run.
 */
export async function otherMachineOf(record: Pick<RunRecord, 'run'>, run: string): Promise<string | undefined> {
  const owner = (await record.run(run))?.owner;
  return owner !== undefined && isAlive(owner) === 'elsewhere' ? owner.host : undefined;
}

/** Whether a result lies in a folder. */
export function isInFolder({ uri }: { readonly uri: string }): boolean {
  return uri.startsWith('file:');
}
