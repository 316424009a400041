import type { Reason } from './reason.js';

/** What fits beside a task's name on a line of 80 columns. */
const SHORT = 60;

/** How long reasons are told: on one line with other things, or in full. */
export function shortDetail({ detail }: Reason): string | undefined {
  if (detail === undefined || detail.length <= SHORT) return detail;
  const causes = detail.split('; ');
  const shown: string[] = [];
  for (let length = 0; shown.length < causes.length; ) {
    const next = causes[shown.length] as string;
    length += next.length + 2;
    if (length > SHORT && shown.length > 0) break;
    shown.push(next);
  }
  const left = causes.length - shown.length;
  return left === 0 ? detail : `${shown.join('; ')}; and ${left} more`;
}

/** `code changed`: as people say it. */
export function reasonWords({ kind }: Reason): string {
  return kind.replaceAll('-', ' ');
}
