import type { SchemaComplaint } from './schema-verdict.js';

/** What was expected of the file, and what came instead. */
export interface FileComplaint {
  readonly expected: string;
  readonly got: string;
}

/** So many complaints of one file are told: the first show what is wrong with the rest. */
const TOLD = 5;

export function refusedBySchema(
  shownPath: string,
  complaints: readonly SchemaComplaint[],
  tell: (complaint: SchemaComplaint) => string,
): FileComplaint {
  const told = complaints.slice(0, TOLD).map(tell);
  const more = complaints.length > TOLD ? [`and ${complaints.length - TOLD} more`] : [];
  const words = [...told, ...more].join('; ');
  return { expected: `the content of '${shownPath}' to fit its schema`, got: words === '' ? 'something else' : words };
}
