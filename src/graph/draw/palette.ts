import type { TaskState } from '../../model/states.js';

/** What colour a shape has: the state of a task run, the answer of a preview, or none of them. */
export type Tone = TaskState | 'complete' | 'unknown' | 'plain';

export interface Colours {
  readonly fill: string;
  readonly line: string;
}

/** Near-black text has a contrast of more than 12:1 on each fill; lines more than 3:1 on white. Colour only repeats what the text says. */
export const PALETTE: Readonly<Record<Tone, Colours>> = {
  plain: { fill: '#ffffff', line: '#57606a' },
  unknown: { fill: '#f3f4f6', line: '#6e7781' },
  pending: { fill: '#fff8c5', line: '#9a6700' },
  queued: { fill: '#fff8c5', line: '#9a6700' },
  paused: { fill: '#f3f4f6', line: '#6e7781' },
  running: { fill: '#ffec99', line: '#9a6700' },
  retrying: { fill: '#ffec99', line: '#bc4c00' },
  complete: { fill: '#dafbe1', line: '#1a7f37' },
  success: { fill: '#dafbe1', line: '#1a7f37' },
  cached: { fill: '#ddf4ff', line: '#0969da' },
  skipped: { fill: '#e8eaed', line: '#6e7781' },
  failed: { fill: '#ffdcd7', line: '#cf222e' },
  'timed-out': { fill: '#ffdcd7', line: '#cf222e' },
  'upstream-failed': { fill: '#ffe5cc', line: '#bc4c00' },
  cancelled: { fill: '#f2e8ff', line: '#8250df' },
  crashed: { fill: '#f2e8ff', line: '#6639ba' },
};

export const INK = { text: '#1f2328', faint: '#57606a', data: '#57606a', order: '#8c959f', page: '#ffffff', frame: '#f6f8fa' } as const;

/** From what asks for attention first to what asks for it last: the tone of many task runs drawn as one. */
export const BY_URGENCY: readonly Tone[] = [
  'failed',
  'timed-out',
  'crashed',
  'upstream-failed',
  'retrying',
  'running',
  'paused',
  'cancelled',
  'queued',
  'pending',
  'unknown',
  'skipped',
  'success',
  'complete',
  'cached',
  'plain',
];

export function mostUrgent(tones: Iterable<Tone>): Tone {
  let first = BY_URGENCY.length - 1;
  for (const tone of tones) first = Math.min(first, BY_URGENCY.indexOf(tone));
  return BY_URGENCY[first] as Tone;
}
