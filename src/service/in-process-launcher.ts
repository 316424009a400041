import { asError } from '../base/error.js';
import type { FlowDefinition } from '../flow/flow-runtime.js';
import type { DueRun } from '../model/due-run.js';
import type { ServiceRecord } from '../runs/service/service-record.js';
import { startRun } from '../runtime/start-run.js';
import { argumentsOf, settleUnbegun } from './due-start.js';
import type { Launched, Launcher } from './launcher.js';

/** Runs due runs of one flow in this process. */
export class InProcessLauncher implements Launcher {
  readonly #flow: FlowDefinition;
  readonly #record: Pick<ServiceRecord, 'settleDue'>;

  constructor(flow: FlowDefinition, record: Pick<ServiceRecord, 'settleDue'>) {
    this.#flow = flow;
    this.#record = record;
  }

  launch(due: DueRun): Launched {
    const settle = async (state: 'started' | 'refused', why?: string): Promise<void> =>
      await this.#record.settleDue(due.run, state, why).catch(() => {});
    const abort = new AbortController();
    const run = async (): Promise<string> => {
      const options = { due, tags: due.tags, signal: abort.signal };
      const handle = startRun(this.#flow, { argument: argumentsOf(due), environment: process.env }, options);
      let hasBegun = false;
      const told = (async () => {
        for await (const { type, data } of handle.events()) {
          if (hasBegun || type !== 'run-state' || (data as { readonly state: string }).state !== 'running') continue;
          hasBegun = true;
          await settle('started');
        }
      })();
      try {
        await handle.result();
        return '';
      } catch (error) {
        if (!hasBegun) await settleUnbegun(error, settle);
        return asError(error).message;
      } finally {
        await told;
      }
    };
    const ended = run().then(
      (words) => ({ words }),
      (error: unknown) => ({ words: asError(error).message }),
    );
    const cancel = (): void => abort.abort(new Error('the service ends'));
    return { ended, cancel, kill: cancel };
  }
}
