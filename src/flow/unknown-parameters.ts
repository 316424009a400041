import type { ParameterIssue } from './parameter-error.js';
import { givenNames, type ParameterSources } from './parameter-sources.js';

/** An issue for each name that was given and does not exist, with the nearest one that does. */
export async function unknownParameters(known: readonly string[], sources: ParameterSources): Promise<readonly ParameterIssue[]> {
  const strangers = [...givenNames(sources)].filter(([name]) => !known.includes(name));
  if (strangers.length === 0) return [];
  // Loaded only for somebody who has already made a mistake.
  const { distance } = await import('fastest-levenshtein');
  const expected = known.length === 0 ? 'none, the flow has no parameters' : `one of ${known.map((name) => `'${name}'`).join(', ')}`;
  return strangers.map(([name, source]) => {
    const suggestion = nearest(name, known, distance);
    return { parameter: name, problem: 'unknown', expected, got: `'${name}'`, source, ...(suggestion !== undefined && { suggestion }) };
  });
}

function nearest(name: string, known: readonly string[], distance: (a: string, b: string) => number): string | undefined {
  let best: string | undefined;
  // A name with more than half of its letters wrong was not mistyped.
  let limit = Math.max(2, Math.floor(name.length / 2)) + 1;
  for (const candidate of known) {
    const letters = distance(name.toLowerCase(), candidate.toLowerCase());
    if (letters < limit) {
      best = candidate;
      limit = letters;
    }
  }
  return best;
}
