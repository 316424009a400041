import { digest128 } from '../base/digest.js';
import type { CodeFunction } from '../model/code-site.js';

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
