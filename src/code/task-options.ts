import { digest128 } from '../base/digest.js';
import type { TaskDefinition } from '../model/task-definition.js';

/** Digest of a value, or undefined where it has none. */
export type DigestOf = (value: unknown) => string | undefined;

export interface OptionsCode {
  /** Undefined: no option counts. */
  readonly digest: string | undefined;
  /** Names of captured variables whose values count; a value without a digest does not. */
  readonly captures: ReadonlySet<string>;
}

/** What of a task's options counts as its code (S22): names of outputs and serializers, values of captured variables. */
export function optionsCode({ outputs, serializer, captures }: TaskDefinition, digestOf: DigestOf): OptionsCode {
  const lines: string[] = [];
  if (serializer !== undefined) lines.push(`serializer ${serializer.name}`);
  for (const [name, own] of sorted(outputs ?? {})) lines.push(`output ${JSON.stringify(name)} ${own?.name ?? ''}`);
  const counted = new Set<string>();
  for (const [name, value] of sorted(captures ?? {})) {
    const digest = digestOf(value);
    if (digest === undefined) continue;
    counted.add(name);
    lines.push(`capture ${JSON.stringify(name)} ${digest}`);
  }
  return { digest: lines.length === 0 ? undefined : digest128(lines.join('\n')), captures: counted };
}

function sorted<T>(record: Readonly<Record<string, T>>): (readonly [string, T])[] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
}
