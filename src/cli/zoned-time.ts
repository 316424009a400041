import { formatTime } from './amounts.js';

/** `2026-11-20 14:03`, local time; with seconds only where there are any. */
export function shortTime(at: number): string {
  return formatTime(at).replace(/:00$/, '');
}

/** The zone of this process: `Europe/Berlin`. */
export function localZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** What clocks show in a zone, with its name: `2026-11-20 06:00 America/New_York`. */
export function zonedTime(at: number, zone: string): string {
  const parts = new Intl.DateTimeFormat('en-CA', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  }).formatToParts(at);
  const part = (type: string): string => parts.find((one) => one.type === type)?.value ?? '';
  const seconds = part('second') === '00' ? '' : `:${part('second')}`;
  return `${part('year')}-${part('month')}-${part('day')} ${part('hour')}:${part('minute')}${seconds} ${zone}`;
}
