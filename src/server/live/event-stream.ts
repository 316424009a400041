import { setImmediate as othersTurn } from 'node:timers/promises';
import type { Told } from './live-feed.js';

/** How long a browser waits before it connects again, in milliseconds. */
const RETRY_MS = 2_000;

/**
 * As `text/event-stream`. Asked for piece by piece as the reader takes them, so that nothing heaps up before a slow one.
 * @param end wakes the source when the reader has gone
 */
export function eventStream(events: AsyncGenerator<Told, void>, end: () => void): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let isBegun = false;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (!isBegun) {
          isBegun = true;
          controller.enqueue(encoder.encode(`retry: ${RETRY_MS}\n\n`));
          return;
        }
        try {
          // A reader who takes all at once, of a large run, would have everybody else wait until it has it.
          await othersTurn();
          const next = await events.next();
          if (next.done) controller.close();
          else controller.enqueue(encoder.encode(textOf(next.value)));
        } catch {
          // The record could not be looked at: whoever listens connects again, and is then told why it cannot.
          controller.close();
        }
      },
      async cancel() {
        end();
        await events.return();
      },
    },
    { highWaterMark: 0 },
  );
}

/** JSON has no line ends of its own. */
function textOf(told: Told): string {
  if (told === 'alive') return ': alive\n\n';
  const { id, type, data } = told;
  return `${id === '' ? '' : `id: ${id}\n`}event: ${type}\ndata: ${data}\n\n`;
}
