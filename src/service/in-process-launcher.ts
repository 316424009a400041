import { asError } from '../base/error.js';
import type { FlowDefinition } from '../flow/flow-runtime.js';
import type { DueRun } from '../model/due-run.js';
import type { Notification } from '../model/notification.js';
import type { ServiceRecord } from '../runs/service/service-record.js';
import { type StartableFlow, startable, startDue } from '../runtime/start-due.js';
import { settleUnbegun } from './due-start.js';
import type { Launched, Launcher } from './launcher.js';

/** Runs due runs of one flow in this process. */
export class InProcessLauncher implements Launcher {
  readonly #flow: StartableFlow;
  readonly #record: Pick<ServiceRecord, 'settleDue'>;
  readonly #notify: readonly Notification[];

  /** @param notify who is told of each run beside those whom the flow names */
  constructor(flow: FlowDefinition, record: Pick<ServiceRecord, 'settleDue'>, notify: readonly Notification[] = []) {
    this.#flow = startable(flow);
    this.#record = record;
    this.#notify = notify;
  }

  launch(due: DueRun): Launched {
    const settle = async (state: 'started' | 'refused', why?: string): Promise<void> =>
      await this.#record.settleDue(due.run, state, why).catch(() => {});
    const abort = new AbortController();
    const run = async (): Promise<string> => {
      let hasBegun = false;
      try {
        const handle = await startDue(this.#flow, due, { signal: abort.signal, notify: this.#notify }, { environment: process.env });
        const told = (async () => {
          for await (const { type, data } of handle.events()) {
            if (hasBegun || type !== 'run-state' || (data as { readonly state: string }).state !== 'running') continue;
            hasBegun = true;
            await settle('started');
          }
        })();
        try {
          await handle.result();
        } finally {
          await told;
        }
        return '';
      } catch (error) {
        if (!hasBegun) await settleUnbegun(error, settle);
        return asError(error).message;
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
