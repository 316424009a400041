import { describe } from '../base/error.js';
import type { NotificationEvent, ServiceNews, ServiceNotification } from '../model/notification.js';
import { isSecret, type Secret } from '../model/secret.js';
import { invalid, makeNotification, type NotificationOptions } from './notification-options.js';

export interface WebhookOptions extends NotificationOptions {
  /**
   * Signs what is sent, so that the receiver knows who sent it: HMAC-SHA256 in the headers `webhook-id`, `webhook-timestamp` and `webhook-signature`,
   * as standardwebhooks.com says. A text `whsec_…` is a key in base64; any other is the key itself.
   */
  secret?: Secret;
  /** Sent along; a `secret('NAME')` is looked up when it is sent. */
  headers?: Readonly<Record<string, string | Secret>>;
  /** What is sent, as JSON. @default the event */
  body?(event: NotificationEvent | ServiceNews): unknown;
}

/**
 * Sends an HTTP POST with the event as JSON. Any answer of 2xx means that it was delivered. 408, 429, 5xx and no answer at all are tried again, as
 * late as `Retry-After` asks; any other answer is given up. Redirects are not followed: what is sent is meant for this address.
 * @param url http(s); as a `secret('NAME')` where the address itself is a key to the door
 * @example notify: webhook('https://ops.example.com/hooks', { secret: secret('HOOK_KEY'), on: ['failure', 'success'] })
 * @throws MillraceError `NOTIFICATION_INVALID`, `DURATION_INVALID`
 */
export function webhook(url: string | Secret, options: WebhookOptions = {}): ServiceNotification {
  if (!isSecret(url)) checkAddress(url);
  const { secret, headers = {}, body } = options;
  if (secret !== undefined && !isSecret(secret))
    throw invalid("'secret' of a webhook to be a secret", 'something else', "Write secret('HOOK_KEY'), and set the variable HOOK_KEY.");
  if (body !== undefined && typeof body !== 'function') throw invalid("'body' of a webhook to be a function of the event", describe(body));
  for (const [name, value] of Object.entries(headers)) checkHeader(name, value);
  const name = isSecret(url) ? `the webhook of secret ${url.name}` : `the webhook ${new URL(url).origin}`;
  return makeNotification(name, options, ['secret', 'headers', 'body'], async (event, { signal }) => {
    const { sendWebhook } = await import('./send-webhook.js');
    await sendWebhook({ url, secret, headers, body, signal }, event);
  });
}

function checkAddress(url: unknown): void {
  const parsed = typeof url === 'string' && URL.canParse(url) ? new URL(url) : undefined;
  // Not shown: it may be a key to the door.
  if (parsed?.protocol !== 'https:' && parsed?.protocol !== 'http:') throw invalid('the address of a webhook to be http(s)://…', 'another text');
  if (parsed.username !== '' || parsed.password !== '')
    throw invalid(
      'the address of a webhook without a password',
      'one with',
      "Send it as a header: { headers: { authorization: secret('HOOK_AUTH') } }.",
    );
}

const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
/** Those that say what is sent, and by whom. */
const OURS = new Set(['content-length', 'content-type', 'host', 'webhook-id', 'webhook-timestamp', 'webhook-signature']);

function checkHeader(name: string, value: unknown): void {
  if (!HEADER_NAME.test(name)) throw invalid('names of headers', describe(name));
  if (OURS.has(name.toLowerCase())) throw invalid('headers that are not set by the webhook itself', `'${name}'`);
  const isText = typeof value === 'string' && HEADER_VALUE.test(value);
  if (!isText && !isSecret(value)) throw invalid(`header '${name}' to be a text of one line, or a secret`, 'something else');
}
