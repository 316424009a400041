import { digest128 } from '../base/digest.js';
import type { CodeSite } from '../model/code-site.js';
import type { CodePart } from './code-part.js';

/** Raised when the same code is to give another digest. */
export const SCHEME = 'code 1';

/** The code of a function, before what the options of its task add. */
export interface SiteCode extends Omit<CodePart, 'captured' | 'options'> {
  /** Variables of enclosing functions that it uses. */
  readonly uses: readonly string[];
  /** The files that hold it. */
  readonly files: readonly string[];
  /** How many of the calls that led to the definition say where its function is; undefined: all of them. */
  readonly depth: number | undefined;
}

/** Of what has no code, or none that is found. */
export const NO_CODE: SiteCode = {
  digest: '',
  pieces: [],
  packages: {},
  unsure: undefined,
  uses: [],
  files: [],
  depth: undefined,
  outdated: undefined,
};

/** As what a function is told whose source is not found. */
export const TEXT_OF_FUNCTION = 'the text of the function';

export function withAlso(code: SiteCode, { also }: CodeSite): SiteCode {
  return also === undefined ? code : { ...code, digest: digest128(`${code.digest}\nalso ${also}`) };
}
