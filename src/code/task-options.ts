import { digest128 } from '../base/digest.js';
import { shownText } from '../base/shown-text.js';
import type { TaskDefinition } from '../model/task-definition.js';
import type { CapturedValue, CodeOptions } from './code-part.js';

/** Digest of a value, or undefined where it has none. */
export type DigestOf = (value: unknown) => string | undefined;

export interface OptionsCode {
  /** Undefined: no option counts. */
  readonly digest: string | undefined;
  /** Of `captures`, those whose values count; a value without a digest does not. */
  readonly options: CodeOptions;
}

/** What of a task's options counts as its code (S22): names of outputs and serializers, values of captured variables. */
export function optionsCode({ outputs, serializer, captures }: TaskDefinition, digestOf: DigestOf): OptionsCode {
  const lines: string[] = [];
  if (serializer !== undefined) lines.push(`serializer ${serializer.name}`);
  const named = sorted(outputs ?? {});
  for (const [name, own] of named) lines.push(`output ${JSON.stringify(name)} ${own?.name ?? ''}`);
  const counted = Object.create(null) as Record<string, CapturedValue>;
  for (const [name, value] of sorted(captures ?? {})) {
    const digest = digestOf(value);
    if (digest === undefined) continue;
    const shown = shownText(value);
    counted[name] = shown === undefined ? { digest } : { digest, shown };
    lines.push(`capture ${JSON.stringify(name)} ${digest}`);
  }
  return {
    digest: lines.length === 0 ? undefined : digest128(lines.join('\n')),
    options: {
      ...(serializer === undefined ? {} : { serializer: serializer.name }),
      ...(named.length === 0 ? {} : { outputs: named.map(([name, own]) => (own ? `${name} as ${own.name}` : name)).join(', ') }),
      ...(Object.keys(counted).length === 0 ? {} : { captures: counted }),
    },
  };
}

function sorted<T>(record: Readonly<Record<string, T>>): (readonly [string, T])[] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
}
