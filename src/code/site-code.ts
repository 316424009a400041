import type { CodePart } from './code-part.js';

/** The code of a function, before what the options of its task add. */
export interface SiteCode extends Omit<CodePart, 'captured' | 'options'> {
  /** Variables of enclosing functions that it uses. */
  readonly uses: readonly string[];
  /** The files that hold it. */
  readonly files: readonly string[];
  /** How many of the calls that led to the definition say where its function is; undefined: all of them. */
  readonly depth: number | undefined;
}
