import { deliveriesEnded, deliveriesUnderWay } from '../runtime/deliveries.js';
import type { Terminal } from './terminal.js';

/** A command is done when its notifications are: each has its time, and no more. */
export async function waitForDeliveries({ err }: Pick<Terminal, 'err'>): Promise<void> {
  const count = deliveriesUnderWay();
  if (count === 0) return;
  err.write(`millrace: waiting for ${count} notification${count === 1 ? '' : 's'} to be delivered; Ctrl-C ends that\n`);
  await deliveriesEnded();
}
