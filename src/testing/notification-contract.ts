import assert from 'node:assert/strict';
import { checkNotifications, type Notification, type NotificationEvent } from '../model/notification.js';
import { type ContractCase, listCases, type SkippedCases } from './contract-case.js';

/** A place to tell, and what can be seen of it from outside. */
export interface NotificationPlace {
  readonly notification: Notification;
  /** The `id`s of the events that have arrived, in any order. */
  received(): readonly string[] | Promise<readonly string[]>;
  /** Nobody takes anything from now on: what is told must fail. */
  breakDown(): void | Promise<void>;
  /** What is told from now on is never answered. */
  fallSilent(): void | Promise<void>;
  close?(): void | Promise<void>;
}

export interface NotificationContractOptions {
  /** Cases your notification cannot pass, each with the reason. */
  readonly skip?: SkippedCases;
}

/** How long a try may go on after its signal was aborted, in milliseconds. */
const PATIENCE_MS = 5_000;

/**
 * What every `Notification` must do. Run each case in your own test runner.
 * @param makePlace gives a place of its own each time it is called
 */
export function notificationContract(
  makePlace: () => NotificationPlace | Promise<NotificationPlace>,
  options: NotificationContractOptions = {},
): readonly ContractCase[] {
  const withPlace = (body: (place: NotificationPlace) => Promise<void>) => async () => {
    const place = await makePlace();
    try {
      await body(place);
    } finally {
      await place.close?.();
    }
  };
  const tell = async ({ notification }: NotificationPlace, event: NotificationEvent, signal = new AbortController().signal): Promise<void> =>
    await notification.notify(event, { attempt: 1, signal });
  return listCases(
    {
      'is what a flow takes as `notify`': withPlace(async ({ notification }) => {
        assert.equal(checkNotifications(notification, 'NOTIFICATION_INVALID', '').length, 1);
      }),
      'what it was told has arrived when it says so': withPlace(async (place) => {
        await tell(place, eventOf('evt_1'));
        assert.deepEqual(await place.received(), ['evt_1']);
      }),
      'takes every occasion, with little to tell and with much': withPlace(async (place) => {
        const occasions = ['success', 'failure', 'cancel', 'retry', 'deadline', 'late', 'crash'] as const;
        for (const event of occasions) await tell(place, eventOf(`evt_${event}`, { event }));
        await tell(
          place,
          eventOf('evt_odd', { text: 'quotes " and \' and $(touch x) `y`\nand lines, é 漢 \u{1f600}', params: { deep: { list: [1, null, 'x'] } } }),
        );
        await tell(place, eventOf('evt_large', { params: { large: 'x'.repeat(200_000) } }));
        const ids = [...occasions.map((event) => `evt_${event}`), 'evt_odd', 'evt_large'];
        assert.deepEqual([...(await place.received())].sort(), ids.sort());
      }),
      'leaves the event as it is': withPlace(async (place) => {
        const event = deepFrozen(eventOf('evt_1'));
        const before = JSON.stringify(event);
        await tell(place, event);
        assert.equal(JSON.stringify(event), before);
      }),
      'several at once all arrive': withPlace(async (place) => {
        const ids = Array.from({ length: 5 }, (_, index) => `evt_${index}`);
        await Promise.all(ids.map((id) => tell(place, eventOf(id))));
        assert.deepEqual([...(await place.received())].sort(), ids);
      }),
      'what does not arrive is an error': withPlace(async (place) => {
        await place.breakDown();
        await assert.rejects(tell(place, eventOf('evt_1')));
      }),
      'ends when its signal is aborted': withPlace(async (place) => {
        await place.fallSilent();
        const controller = new AbortController();
        const told = tell(place, eventOf('evt_1'), controller.signal);
        told.catch(() => {});
        setTimeout(() => controller.abort(new Error('enough')), 50);
        let timer: NodeJS.Timeout | undefined;
        const tooLong = new Promise<never>((_, reject) => {
          timer = setTimeout(() => reject(new Error(`it went on for ${PATIENCE_MS} ms after its signal was aborted`)), PATIENCE_MS);
        });
        await assert.rejects(Promise.race([told, tooLong]), (error: Error) => !error.message.startsWith('it went on'));
        clearTimeout(timer);
      }),
    },
    options.skip,
  );
}

function eventOf(id: string, parts: Partial<NotificationEvent> = {}): NotificationEvent {
  return {
    id,
    event: 'failure',
    at: '2026-01-01T00:00:00.000Z',
    text: "flow 'etl' failed: no rows (run r1)",
    flow: 'etl',
    run: 'r1',
    state: 'failed',
    params: { day: 'monday' },
    error: { name: 'Error', message: 'no rows' },
    startedAt: '2026-01-01T00:00:00.000Z',
    counts: { success: 1, failed: 1 },
    failed: [{ id: 'read#0', attempts: 1, error: { name: 'Error', message: 'no rows' } }],
    ...parts,
  };
}

function deepFrozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) for (const part of Object.values(Object.freeze(value))) deepFrozen(part);
  return value;
}
