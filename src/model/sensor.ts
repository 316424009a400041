import type { Secret } from './secret.js';

/** What a sensor looks at; the engine does the looking. */
export type Look =
  /** A function of the user's that answers yes or no. */
  // biome-ignore lint/suspicious/noExplicitAny: functions of every signature
  | { readonly kind: 'poke'; readonly poke: (...args: any[]) => unknown }
  /** The clock: until this moment. */
  | { readonly kind: 'time'; readonly at: Date | ((context: { readonly scheduledTime: Date }) => Date) }
  /** A file of that path, relative to the working directory. */
  | { readonly kind: 'file'; readonly path: string }
  | {
      readonly kind: 'url';
      readonly url: string;
      /** @default `response.ok` */
      readonly ok: ((response: Response) => boolean | Promise<boolean>) | undefined;
      /** Of one request, in milliseconds. */
      readonly requestMs: number;
    }
  /** The first value of the first row. */
  | { readonly kind: 'sql'; readonly query: string; readonly db: string | Secret };

/** A condition that is waited for: looked at, and looked at again after a pause. */
export interface Sensor {
  readonly look: Look;
  /** What it waits for, for people: `'data.csv'`. */
  readonly awaited: string;
  /** Milliseconds from one look to the next; of growing pauses, the first. */
  readonly everyMs: number;
  /** The longest pause: `everyMs` where they do not grow. */
  readonly mostMs: number;
  /** Milliseconds from the start of the first attempt until the wait is given up. @default none */
  readonly timeoutMs: number | undefined;
  /** Out of time, it is skipped instead of failed. */
  readonly soft: boolean;
  /** Whether it keeps its slot, and its limits, between two looks. */
  readonly holdsSlot: boolean;
}

/** The pause after so many looks in vain: twice as long each time, up to the longest. */
export function pauseAfter({ everyMs, mostMs }: Sensor, looks: number): number {
  return Math.min(everyMs * 2 ** Math.min(looks - 1, 60), Math.max(everyMs, mostMs));
}
