import { digest128 } from '../base/digest.js';
import type { CodeFunction } from '../model/code-site.js';
import { canonicalText } from './canonical-text.js';
import type { Parser } from './sources.js';

const digests = new WeakMap<CodeFunction, string>();

/** Digest of a function's own text, as it is: what stands for a task's code where the code does not count. */
export function functionTextDigest(fn: CodeFunction): string {
  let digest = digests.get(fn);
  if (digest === undefined) {
    digest = digest128(Function.prototype.toString.call(fn));
    digests.set(fn, digest);
  }
  return digest;
}

/** The same without comments and formatting: what stands for code whose source is not found. */
export function plainFunctionDigest(fn: CodeFunction, parser: Parser): string {
  const text = Function.prototype.toString.call(fn);
  // The text of a method is no expression by itself.
  for (const whole of [`(${text})`, `({${text}})`]) {
    const { program, problem } = parser.parse('function.js', whole);
    if (problem === undefined) return digest128(canonicalText(program));
  }
  return digest128(text);
}
