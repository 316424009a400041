import { createRequire } from 'node:module';
import { describe } from '../../base/error.js';
import type { TaskTarget } from '../../model/target.js';
import { extensionOf, type Placeholder, targetInvalid, templateExtension } from '../../model/target-template.js';

/** Stands for the value of an argument that nobody knows yet. */
export const UNKNOWN: unique symbol = Symbol('unknown');

/** What an address is made of: one call of a task. */
export interface TargetCall {
  readonly flow: string;
  readonly task: string;
  readonly run: string;
  /** The run's time. */
  readonly time: Date;
  readonly mapIndex: number | undefined;
  /** Names of the arguments, in order. */
  readonly names: readonly string[];
  /** The arguments, or `UNKNOWN` in their places. Asked for only where the address depends on them. */
  args(): readonly unknown[];
}

/** A path as it was put together. `isWhole`: no placeholder is left in it for want of a value. */
export interface TargetPath {
  readonly text: string;
  readonly isWhole: boolean;
  /** The text before the first placeholder. */
  readonly literal: string;
  /** Of the last name, where it was written out: `.csv`, or nothing. What a value ends in is no extension. */
  readonly extension: string;
}

/**
 * The path that a target comes to for one call (S26).
 * @throws MillraceError `TARGET_INVALID` naming the placeholder whose value cannot be part of a path, or what the function did
 */
export function targetPath(target: Exclude<TaskTarget, { kind: 'custom' }>, call: TargetCall): TargetPath {
  if (target.kind === 'function') return pathOfFunction(target.of, call);
  const { pieces } = target.template;
  let isWhole = true;
  const texts = pieces.map((piece) => {
    if (typeof piece === 'string') return piece;
    const value = placeholderValue(piece, target.params, call);
    if (value === UNKNOWN) isWhole = false;
    return value === UNKNOWN ? piece.text : asPart(value);
  });
  const [first] = pieces;
  return {
    text: texts.join(''),
    isWhole,
    literal: typeof first === 'string' ? first : '',
    extension: templateExtension(target.template),
  };
}

/** The user wrote the whole of it, so all of it is meant. */
function pathOfFunction(of: (...args: unknown[]) => unknown, call: TargetCall): TargetPath {
  const args = call.args();
  if (args.includes(UNKNOWN)) return { text: '', isWhole: false, literal: '', extension: '' };
  let text: unknown;
  try {
    text = of(...args);
  } catch (error) {
    throw targetInvalid(call.task, `its function threw: ${error instanceof Error ? error.message : describe(error)}`, undefined, error);
  }
  if (typeof text !== 'string' || text.trim() === '')
    throw targetInvalid(call.task, `expected its function to give a path; it gave ${describe(text)}`);
  return { text, isWhole: true, literal: text, extension: extensionOf(text) };
}

function placeholderValue({ kind, name, text }: Placeholder, params: Readonly<Record<string, unknown>>, call: TargetCall): unknown {
  if (kind === 'flow' || kind === 'task' || kind === 'run') return call[kind];
  if (kind === 'date') return formatDate(call.time, name);
  if (kind === 'map.index') {
    if (call.mapIndex === undefined) throw targetInvalid(call.task, "'{map.index}' has a value in map(…) only");
    return call.mapIndex;
  }
  const value = kind === 'param' ? params[name] : call.args()[call.names.indexOf(name)];
  // A drawing may have something else in the place of a parameter.
  if (kind === 'param' && typeof value === 'object') return UNKNOWN;
  if (value === UNKNOWN || isSimple(value)) return value;
  throw targetInvalid(
    call.task,
    `expected '${text}' to be a text, a number or a boolean; it is ${describe(value)}`,
    "Use a function as target: target: (order) => order.id + '.json'.",
  );
}

/** Loaded by who has a date in a path. Synchronous, since an address is asked for where nothing can be waited for. */
function formatDate(time: Date, tokens: string): string {
  const { format } = createRequire(import.meta.url)('date-fns/format') as typeof import('date-fns/format');
  return format(time, tokens);
}

function isSimple(value: unknown): boolean {
  return (
    typeof value === 'string' || typeof value === 'boolean' || typeof value === 'bigint' || (typeof value === 'number' && Number.isFinite(value))
  );
}

/** A value is a part of a name: it leads nowhere, and is never nothing. */
function asPart(value: unknown): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is replaced
  const text = String(value).replace(/[/\\\u0000-\u001f\u007f]/g, '_');
  return /^\.*$/.test(text) ? text.replaceAll('.', '_') || '_' : text;
}
