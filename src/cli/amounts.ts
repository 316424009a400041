import { formatMs } from '../log/format-ms.js';

export { formatBytes } from '../log/format-bytes.js';

/** `3 m 05 s ago`; what is less than a second old is `now`. */
export function formatAgo(at: number, now: number): string {
  const ms = now - at;
  return ms < 1_000 ? 'now' : `${formatMs(ms)} ago`;
}

/** `2025-11-20 14:03:22`, local time. */
export function formatTime(at: number): string {
  const date = new Date(at);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** How long something took, or takes so far; empty when it has not started. */
export function formatSpan(startedAt: number | undefined, finishedAt: number | undefined, now: number): string {
  return startedAt === undefined ? '' : formatMs((finishedAt ?? now) - startedAt);
}
