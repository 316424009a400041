import type { IncludedFile } from './included-content.js';
import type { ParameterOrigin } from './parameter-error.js';

/** A parameter as it is shown to people: in `millrace show`, on the page's run form. */
export interface ParameterInfo {
  readonly name: string;
  /** `number`, `'rf' | 'gb'`, `string[]`; `unknown` where neither the schema nor a default tells. */
  readonly type: string;
  readonly required: boolean;
  /** `***` for a secret. Absent when there is none, or none that can be shown. */
  readonly default?: unknown;
  readonly help?: string;
  /** The parameter's own environment variable. */
  readonly env?: string;
  readonly secret: boolean;
  readonly significant: boolean;
}

/** The parameters of a run, settled once before anything runs. */
export interface ResolvedParameters {
  /** By name. Plain values are frozen at every depth. */
  readonly values: Readonly<Record<string, unknown>>;
  readonly sources: Readonly<Record<string, ParameterOrigin>>;
  /** The texts that must be masked wherever they turn up: secret values as given and as validated, and the strings inside them. */
  readonly secrets: readonly string[];
  /** Of those that are the content of a file: which, and what it held. */
  readonly files: Readonly<Record<string, IncludedFile>>;
}

/** Every text under which a secret could be printed. */
export function secretTexts(value: unknown): readonly string[] {
  const texts = new Set<string>();
  const seen = new Set<unknown>();
  const visit = (part: unknown): void => {
    if (typeof part === 'string') texts.add(part);
    else if (typeof part === 'number' || typeof part === 'bigint') texts.add(String(part));
    else if (typeof part === 'object' && part !== null && !seen.has(part)) {
      seen.add(part);
      for (const inner of part instanceof Map ? part.entries() : part instanceof Set ? part : Object.values(part)) visit(inner);
      if (part instanceof URL || part instanceof Date) texts.add(String(part));
    }
  };
  visit(value);
  texts.delete('');
  return [...texts];
}
