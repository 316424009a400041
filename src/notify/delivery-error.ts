import { MillraceError, type MillraceErrorOptions } from '../base/error.js';

/** A try at delivering that came to nothing. Code `NOTIFICATION_NOT_DELIVERED`. */
export class DeliveryError extends MillraceError {
  /** Another try would come to the same. */
  readonly isFinal: boolean;
  /** The receiver asked to be left alone for so long, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, details: MillraceErrorOptions & { readonly isFinal?: boolean; readonly retryAfterMs?: number | undefined } = {}) {
    super('NOTIFICATION_NOT_DELIVERED', message, details);
    this.isFinal = details.isFinal ?? false;
    this.retryAfterMs = details.retryAfterMs;
  }
}
