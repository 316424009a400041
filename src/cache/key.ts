import { digest128 } from '../base/digest.js';
import type { CacheContext, CachePolicy } from '../model/cache-policy.js';

/**
 * The key of one call (S21), or undefined when the policy says not to reuse. The task's name is always part of it: equal code under two
 * names is two tasks.
 */
export function cacheKey(policy: CachePolicy, context: CacheContext): string | undefined {
  const key = policy.key(context);
  return key === undefined ? undefined : digest128(`${context.task}\n${policy.name}\n${key}`);
}

/** What one scan of the record loads the entries of: a task under one version of its code; without code, whatever its code. */
export function taskVersion(task: string, code: string | undefined, version: string | undefined): string {
  if (version !== undefined) return digest128(`${task}\nversion ${JSON.stringify(version)}`);
  return digest128(code === undefined ? `${task}\nany code` : `${task}\ncode ${code}`);
}
