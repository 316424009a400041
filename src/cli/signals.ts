import { MillraceError } from '../base/error.js';
import { EXIT } from './exit-code.js';

export interface Signals {
  readonly signal: AbortSignal;
  /** Called with the first signal, or now when it has come already. */
  onFirst(told: () => void): void;
  close(): void;
}

/** The first SIGINT or SIGTERM cancels the run, the second exits at once (S15). */
export function listenForSignals(): Signals {
  const controller = new AbortController();
  const onSignal = (name: NodeJS.Signals): void => {
    if (controller.signal.aborted) process.exit(EXIT.cancelled);
    controller.abort(new MillraceError('RUN_CANCELLED', `interrupted by ${name}`));
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    signal: controller.signal,
    onFirst(told) {
      if (controller.signal.aborted) told();
      else controller.signal.addEventListener('abort', told, { once: true });
    },
    close() {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}
