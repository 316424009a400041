import { createHmac } from 'node:crypto';
import { asError } from '../base/error.js';
import type { NotificationEvent, ServiceNews } from '../model/notification.js';
import { isSecret, type Secret, secretValue } from '../model/secret.js';
import { DeliveryError } from './delivery-error.js';

export interface WebhookRequest {
  readonly url: string | Secret;
  readonly secret: Secret | undefined;
  readonly headers: Readonly<Record<string, string | Secret>>;
  readonly body: ((event: NotificationEvent | ServiceNews) => unknown) | undefined;
  readonly signal: AbortSignal;
}

/** Those beside 5xx that may come right: the receiver was too slow, or has too much to do. */
const PASSING = new Set([408, 425, 429]);

/** One try. @throws DeliveryError; MillraceError `SECRET_MISSING` */
export async function sendWebhook(request: WebhookRequest, event: NotificationEvent | ServiceNews): Promise<void> {
  const body = bodyOf(request, event);
  const response = await post(request, headersOf(request, event.id, body), body);
  // What it says is not read: it may be endless.
  await response.body?.cancel().catch(() => {});
  const { status } = response;
  if (status >= 200 && status < 300) return;
  if (status >= 300 && status < 400)
    throw new DeliveryError(`it answered ${status}: redirects are not followed`, { isFinal: true, hint: 'Give the address that it leads to.' });
  const isFinal = status < 500 && !PASSING.has(status);
  throw new DeliveryError(`it answered ${status}`, { isFinal, retryAfterMs: retryAfter(response.headers.get('retry-after')) });
}

/** @throws DeliveryError */
async function post({ url, signal }: WebhookRequest, headers: Headers, body: string): Promise<Response> {
  const address = isSecret(url) ? secretValue(url) : url;
  try {
    return await fetch(address, { method: 'POST', headers, body, signal, redirect: 'manual' });
  } catch (error) {
    signal.throwIfAborted();
    // A text that is no address is quoted by its parser: it may be a secret.
    if (!URL.canParse(address)) throw new DeliveryError('its address is no URL', { isFinal: true });
    throw new DeliveryError(`it gave no answer: ${causeOf(error)}`);
  }
}

/** `fetch failed` says nothing; what it failed of lies below. */
function causeOf(thrown: unknown): string {
  const { cause } = asError(thrown);
  const { code, message } = asError(cause ?? thrown) as Error & { readonly code?: string };
  return message === '' ? (code ?? 'fetch failed') : message;
}

/** @throws DeliveryError */
function bodyOf({ body }: WebhookRequest, event: NotificationEvent | ServiceNews): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(body === undefined ? event : body(event));
  } catch (error) {
    throw new DeliveryError(`its body could not be made: ${asError(error).message}`, { isFinal: true });
  }
  if (text === undefined) throw new DeliveryError("its 'body' gave nothing that JSON can hold", { isFinal: true });
  return text;
}

/** The identity is the same for each try, so that the receiver can tell one it has had; the time is that of the try. @throws MillraceError `SECRET_MISSING` */
function headersOf({ headers, secret }: WebhookRequest, id: string, body: string): Headers {
  const all = new Headers({ 'content-type': 'application/json', 'user-agent': 'millrace' });
  for (const [name, value] of Object.entries(headers)) all.set(name, isSecret(value) ? secretValue(value) : value);
  const timestamp = String(Math.floor(Date.now() / 1_000));
  all.set('webhook-id', id);
  all.set('webhook-timestamp', timestamp);
  if (secret !== undefined) all.set('webhook-signature', signatureOf(secretValue(secret), id, timestamp, body));
  return all;
}

export function signatureOf(secret: string, id: string, timestamp: string, body: string): string {
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice('whsec_'.length), 'base64') : Buffer.from(secret);
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
}

/** Seconds, or a date. @returns milliseconds */
function retryAfter(header: string | null): number | undefined {
  if (header === null) return undefined;
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1_000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}
