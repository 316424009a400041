import type { S3ClientConfig } from '@aws-sdk/client-s3';
import { systemClock } from '../../base/clock.js';

/** The newer form of the SDK's strategies; the others are called differently. */
type Strategy = Extract<NonNullable<S3ClientConfig['retryStrategy']>, { refreshRetryTokenForRetry: unknown }>;
type Token = Awaited<ReturnType<Strategy['acquireInitialRetryToken']>>;
type ErrorInfo = Parameters<Strategy['refreshRetryTokenForRetry']>[1];

const FIRST_DELAY_MS = 50;
/** After the server said that it has too much to do. */
const FIRST_DELAY_THROTTLED_MS = 300;
const LONGEST_DELAY_MS = 20_000;

/**
 * The SDK's standard mode, each request with attempts of its own. In the SDK all requests of a client share a stock of retries, which a server
 * with one fault in five uses up: then the first fault of any result fails its task, however often it may be tried.
 */
export function s3RetryStrategy(maxAttempts: number): Strategy {
  return {
    acquireInitialRetryToken: async () => tokenOf(0),
    async refreshRetryTokenForRetry(token: Token, error: ErrorInfo): Promise<Token> {
      const retries = token.getRetryCount();
      const isTransient = error.errorType === 'TRANSIENT' || error.errorType === 'THROTTLING';
      if (!isTransient || retries + 1 >= maxAttempts) throw new Error('no further attempt');
      const delay = delayBefore(retries, error);
      await new Promise<void>((resolve) => void systemClock.schedule(delay, resolve));
      return tokenOf(retries + 1);
    },
    recordSuccess: () => undefined,
  };
}

/** The middleware would wait for what a token says; this one has waited. */
function tokenOf(retries: number): Token {
  return { getRetryCount: () => retries, getRetryDelay: () => 0 } as Token;
}

/** Anything up to twice the last one, so that many that failed together do not come back together. */
function delayBefore(retries: number, { errorType, retryAfterHint }: ErrorInfo): number {
  const first = errorType === 'THROTTLING' ? FIRST_DELAY_THROTTLED_MS : FIRST_DELAY_MS;
  const delay = Math.random() * Math.min(first * 2 ** retries, LONGEST_DELAY_MS);
  const asked = retryAfterHint === undefined ? 0 : retryAfterHint.getTime() - systemClock.now();
  return Math.max(delay, Math.min(asked, LONGEST_DELAY_MS));
}
