import { digest128 } from '../base/digest.js';

const digests = new WeakMap<object, string>();

/** Digest of a function's own text: what stands for a task's code as long as what it reaches is not looked at. */
export function functionTextDigest(fn: (...args: never[]) => unknown): string {
  let digest = digests.get(fn);
  if (digest === undefined) {
    digest = digest128(Function.prototype.toString.call(fn));
    digests.set(fn, digest);
  }
  return digest;
}
