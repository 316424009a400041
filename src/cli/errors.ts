import { quotes } from '../base/quotes.js';
import { terminalText } from '../log/terminal-text.js';
import type { Colours } from './colours.js';
import { EXIT, type ExitCode } from './exit-code.js';
import { formatPosition, originOf, type SourcePosition } from './flow-file/source-frame.js';
import { WRONG_USE } from './wrong-use.js';

export function exitCodeOf(error: unknown): ExitCode {
  const { code } = factsOf(error);
  return code !== undefined && WRONG_USE.has(code) ? EXIT.usage : EXIT.failed;
}

export interface ErrorStyle {
  readonly colours: Colours;
  /** Adds stack traces. @default false */
  readonly debug?: boolean;
}

/** Longer chains are loops or noise. */
const MAX_CAUSES = 6;

/**
 * An error as the command line prints it: what is wrong, where in the source, why, and what to do. It is known by its fields and not by
 * its class: a flow file may have brought its own copy of the package.
 */
export function formatError(error: unknown, { colours, debug = false }: ErrorStyle): string {
  const facts = factsOf(error);
  const lines = [`${colours.red(colours.bold(facts.code === undefined ? 'error' : `error[${facts.code}]`))}: ${safeLines(titleOf(facts))}`];
  if (facts.frame !== undefined) lines.push('', safeLines(facts.frame), '');
  if (debug) lines.push(...framesOf(facts, colours));
  lines.push(...causeLines(facts, { colours, debug }));
  const place = facts.frame === undefined && !debug ? innermostOrigin(facts) : undefined;
  if (place !== undefined) lines.push(colours.dim(`  at ${safeLines(formatPosition(place))}`));
  if (facts.hint !== undefined) lines.push(`${colours.cyan('hint')}: ${safeLines(facts.hint)}`);
  return lines.join('\n');
}

function causeLines(outermost: ErrorFacts, { colours, debug }: Required<ErrorStyle>): readonly string[] {
  const lines: string[] = [];
  let outer = outermost;
  for (let count = 0; outer.cause !== undefined && count < MAX_CAUSES; count++) {
    const facts = factsOf(outer.cause);
    // A message that quotes its cause, class and all, has said it already.
    if (!quotes(outer.message, titleOf(facts))) {
      lines.push(`  ${colours.dim('caused by')} ${safeLines(titleOf(facts))}${facts.code === undefined ? '' : colours.dim(` [${facts.code}]`)}`);
    }
    if (debug) lines.push(...framesOf(facts, colours));
    outer = facts;
  }
  return lines;
}

/** Where in the project it began: an error that passed through tasks and runs says so only in its last cause. */
function innermostOrigin(outermost: ErrorFacts): SourcePosition | undefined {
  let facts = outermost;
  for (let count = 0; facts.cause !== undefined && count < MAX_CAUSES; count++) facts = factsOf(facts.cause);
  return originOf({ name: facts.name, message: facts.message, stack: facts.stack ?? '' });
}

interface ErrorFacts {
  readonly name: string;
  readonly message: string;
  readonly code: string | undefined;
  readonly hint: string | undefined;
  readonly frame: string | undefined;
  readonly stack: string | undefined;
  readonly cause: unknown;
}

function factsOf(thrown: unknown): ErrorFacts {
  if (typeof thrown !== 'object' || thrown === null) {
    return { name: 'Error', message: String(thrown), code: undefined, hint: undefined, frame: undefined, stack: undefined, cause: undefined };
  }
  const { name, message, code, hint, frame, stack, cause } = thrown as Readonly<Record<string, unknown>>;
  const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
  return {
    name: text(name) ?? 'Error',
    message: text(message) ?? '',
    code: text(code),
    hint: text(hint),
    frame: text(frame),
    stack: text(stack),
    cause,
  };
}

/** The class of an error matters where nobody gave it a code. */
function titleOf({ name, message, code }: ErrorFacts): string {
  return code !== undefined || name === 'Error' ? message || name : `${name}: ${message}`;
}

/** An error of the engine's own making has no frames. */
function framesOf({ stack = '' }: ErrorFacts, colours: Colours): readonly string[] {
  const frames = stack.split('\n').filter((line) => /^\s+at /.test(line));
  return frames.map((frame) => colours.dim(safeLines(frame)));
}

/** User text cannot command the terminal, but keeps its lines. */
function safeLines(text: string): string {
  return text.split('\n').map(terminalText).join('\n');
}
