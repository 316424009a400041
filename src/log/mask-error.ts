import type { Mask } from './mask.js';

/** Longer chains are loops. */
const MAX_DEPTH = 8;
const TEXTS = ['message', 'stack', 'code', 'hint'] as const;

/**
 * Masks the texts of a thrown error where they stand, with its causes, so that it stays the error it was, of its own class, for whoever
 * catches it, and shows no secret to whoever prints it. What is frozen or is no error stays as it is.
 */
export function maskError(thrown: unknown, mask: Mask, depth = 0): void {
  if (typeof thrown !== 'object' || thrown === null || depth > MAX_DEPTH) return;
  try {
    const error = thrown as Record<string, unknown>;
    for (const name of TEXTS) {
      const text = error[name];
      if (typeof text !== 'string') continue;
      const masked = mask(text);
      if (masked !== text)
        Object.defineProperty(error, name, { value: masked, writable: true, configurable: true, enumerable: name === 'code' || name === 'hint' });
    }
    maskError(error.cause, mask, depth + 1);
    if (Array.isArray(error.errors)) for (const one of error.errors) maskError(one, mask, depth + 1);
  } catch {
    // It cannot be read or written: then nothing of it can be printed either, or it was made not to change.
  }
}
