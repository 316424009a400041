import { MillraceError } from '../base/error.js';

const KINDS = ['flow', 'task', 'run', 'map.index', 'param', 'input', 'date'] as const;

/** What stands in braces. */
export interface Placeholder {
  readonly kind: (typeof KINDS)[number];
  /** Of a parameter or input its name, of a date its format; else empty. */
  readonly name: string;
  /** As it was written: `{param.day}`. */
  readonly text: string;
}

/** A path with placeholders, read: `out/{param.model}/{date:yyyy-MM-dd}.csv` (S26). Frozen, dumb data. */
export interface TargetTemplate {
  readonly text: string;
  readonly pieces: readonly (string | Placeholder)[];
}

const HINT =
  "Placeholders are {flow}, {task}, {run}, {map.index}, {param.<name>}, {input.<name>} and {date:<format>}; a brace that is none is doubled: '{{'.";

/** @throws MillraceError `TARGET_INVALID` with the place of what cannot be read */
export function parseTemplate(task: string, text: string): TargetTemplate {
  if (text.trim() === '') throw targetInvalid(task, 'expected a path; got an empty text');
  const pieces: (string | Placeholder)[] = [];
  let literal = '';
  for (let at = 0; at < text.length; ) {
    const char = text[at] as string;
    const isDoubled = text[at + 1] === char;
    if (char !== '{' && char !== '}') literal += char;
    else if (isDoubled) literal += char;
    else if (char === '}') throw targetInvalid(task, `a '}' without a '{' at character ${at + 1} of '${text}'`, HINT);
    else {
      const end = text.indexOf('}', at);
      if (end < 0) throw targetInvalid(task, `a '{' that is never closed at character ${at + 1} of '${text}'`, HINT);
      if (literal !== '') pieces.push(literal);
      literal = '';
      pieces.push(placeholder(task, text.slice(at, end + 1)));
      at = end + 1;
      continue;
    }
    at += isDoubled && (char === '{' || char === '}') ? 2 : 1;
  }
  if (literal !== '') pieces.push(literal);
  return Object.freeze({ text, pieces: Object.freeze(pieces) });
}

function placeholder(task: string, text: string): Placeholder {
  const inside = text.slice(1, -1);
  const named = /^(param|input)\.(.+)$/s.exec(inside) ?? /^(date):(.+)$/s.exec(inside);
  const kind = named?.[1] ?? inside;
  const isKnown = named !== null || ['flow', 'task', 'run', 'map.index'].includes(inside);
  if (!isKnown) throw targetInvalid(task, `there is no placeholder '${text}'`, HINT);
  return Object.freeze({ kind: kind as Placeholder['kind'], name: named?.[2] ?? '', text });
}

export function placeholdersOf(template: TargetTemplate, kind: Placeholder['kind']): readonly Placeholder[] {
  return template.pieces.filter((piece): piece is Placeholder => typeof piece !== 'string' && piece.kind === kind);
}

/** @param task whose target it is */
export function targetInvalid(task: string, problem: string, hint?: string, cause?: unknown): MillraceError {
  return new MillraceError('TARGET_INVALID', `the target of '${task}': ${problem}`, { cause, ...(hint === undefined ? {} : { hint }) });
}

/** `'day', 'model'`, or that there is none. */
export function listed(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.map((name) => `'${name}'`).join(', ');
}

/** Those that tell a format. */
export const TARGET_EXTENSIONS = [
  '.json',
  '.csv',
  '.tsv',
  '.parquet',
  '.arrow',
  '.feather',
  '.txt',
  '.md',
  '.html',
  '.svg',
  '.sql',
  '.v8',
  '.bin',
] as const;

export type TargetExtension = (typeof TARGET_EXTENSIONS)[number];

/** Of the last name in a path: `.csv`, or nothing. */
export function extensionOf(path: string): string {
  return /[^/]?(\.[^./{}\s]+)$/.exec(path)?.[1] ?? '';
}

/** Of the last name, where it is written out: what a value ends in is no extension. */
export function templateExtension({ pieces }: TargetTemplate): string {
  const last = pieces.at(-1);
  return typeof last === 'string' ? extensionOf(last) : '';
}

export function isTargetExtension(extension: string): extension is TargetExtension {
  return (TARGET_EXTENSIONS as readonly string[]).includes(extension.toLowerCase());
}

/** A path whose extension tells no format, of a task without a serializer. */
export function unknownExtension(task: string, path: string, extension: string): MillraceError {
  return targetInvalid(
    task,
    `'${path}' ends in '${extension}', which tells no format; there are ${TARGET_EXTENSIONS.join(', ')}`,
    'Give the task a serializer.',
  );
}
