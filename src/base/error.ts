/** What every error of Millrace has: a stable `code`, a sentence that says what was expected and what came, and often what to do. */
export interface MillraceErrorOptions {
  readonly cause?: unknown;
  /** One sentence that says what to do; printed on a line of its own. */
  readonly hint?: string;
}

/**
 * The base of all errors thrown by Millrace. Programs look at `code`, which never changes once published; people read `message`.
 * Subclasses exist only where users catch them by class or need their fields.
 */
export class MillraceError extends Error {
  readonly code: string;
  readonly hint: string | undefined;

  constructor(code: string, message: string, options: MillraceErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.hint = options.hint;
  }
}

/** A thrown value as an Error: user code may throw strings, undefined or frozen objects. */
export function asError(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown;
  return new MillraceError('THROWN_NON_ERROR', `a value that is not an Error was thrown: ${describe(thrown)}`, { cause: thrown });
}

/** A short, safe rendering of any value for messages; never throws, never long. */
export function describe(value: unknown, maxLength = 80): string {
  let text: string;
  try {
    if (typeof value === 'string') text = JSON.stringify(value);
    else if (typeof value === 'bigint') text = `${value}n`;
    else if (typeof value === 'function') text = value.name ? `function ${value.name}` : 'a function';
    else if (typeof value === 'object' && value !== null) text = JSON.stringify(value) ?? Object.prototype.toString.call(value);
    else text = String(value);
  } catch {
    text = Object.prototype.toString.call(value);
  }
  return text.length > maxLength ? `${text.slice(0, maxLength - 1)}…` : text;
}
