import { asError } from '../base/error.js';
import { runCommand } from '../flow/run-command.js';
import type { NotificationEvent, ServiceNews } from '../model/notification.js';
import { DeliveryError } from './delivery-error.js';

/** From SIGTERM to SIGKILL, when it takes too long. */
const GRACE_MS = 2_000;
/** What it prints is nobody's business, but for the reason of its failure. */
const MAX_OUTPUT = 16 * 1024 * 1024;
/** A command that is not there will not be there in a second. */
const FINAL = new Set(['SHELL_NOT_FOUND', 'SHELL_NOT_STARTED']);

/** One try. @throws DeliveryError; the signal's reason when that is aborted */
export async function runNotificationCommand(
  command: string | readonly string[],
  event: NotificationEvent | ServiceNews,
  signal: AbortSignal,
): Promise<void> {
  // Those that there is nothing to say of are empty: what this process has itself is no answer.
  const { flow = '', run = '', state = '' } = event;
  const env = { MILLRACE_EVENT: event.event, MILLRACE_FLOW: flow, MILLRACE_RUN: run, MILLRACE_STATE: state };
  const input = `${JSON.stringify(event)}\n`;
  try {
    await runCommand({ command, cwd: undefined, env, input, maxBuffer: MAX_OUTPUT, graceMs: GRACE_MS, signal, onLine: () => {} });
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    const { message, code } = asError(error) as Error & { readonly code?: string };
    throw new DeliveryError(message, { isFinal: FINAL.has(code ?? ''), cause: error });
  }
}
