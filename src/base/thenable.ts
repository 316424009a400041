/** Whether a value is to be waited for: a promise, or whatever `await` takes for one. @throws what a getter called `then` throws */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}
