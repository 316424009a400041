import type { Context } from 'hono';
import { MillraceError } from '../../base/error.js';
import { parseJson } from '../../flow/parameter-text.js';
import { ApiError } from '../api-error.js';

/** Bodies are parameters and short texts. */
const LARGEST_BODY = 1_000_000;
/** Whatever goes through a value once it is parsed goes down level by level. */
const DEEPEST = 500;
const JSON_TYPE = /^application\/json(?:\s*;\s*charset=(?:utf-8|"utf-8"))?$/i;

/** What no form of another site can send. Names that could reach an object's prototype are dropped before anybody else reads it. */
export async function checkBody(c: Context): Promise<void> {
  if (!JSON_TYPE.test(c.req.header('content-type') ?? ''))
    throw new ApiError(415, 'JSON_NEEDED', 'expected the content type application/json', {
      hint: "curl: -H 'Content-Type: application/json' -d '{}'",
    });
  const text = await boundedText(c.req.raw);
  if (nestsDeeper(text, DEEPEST)) throw new ApiError(400, 'JSON_TOO_DEEP', `expected a body that nests at most ${DEEPEST} levels`);
  let value: unknown;
  try {
    value = text.trim() === '' ? {} : parseJson(text);
  } catch {
    throw new ApiError(400, 'JSON_INVALID', 'expected a body of JSON; got something else');
  }
  // Typed as the text; it is awaited.
  c.req.bodyCache.text = Promise.resolve(JSON.stringify(value)) as unknown as string;
}

async function boundedText({ headers, body }: Request): Promise<string> {
  const tooLarge = (): ApiError => new ApiError(413, 'BODY_TOO_LARGE', `expected a body of at most ${LARGEST_BODY} bytes`);
  if (Number(headers.get('content-length') ?? 0) > LARGEST_BODY) throw tooLarge();
  if (body === null) return '';
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
      size += chunk.length;
      if (size > LARGEST_BODY) throw tooLarge();
      chunks.push(chunk);
    }
  } catch (cause) {
    if (cause instanceof ApiError) throw cause;
    // Who sent it has gone, and hears nothing of this.
    throw new ApiError(400, 'REQUEST_CUT', 'expected the whole of a body; the line was cut before its end', { cause });
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch (cause) {
    throw new MillraceError('JSON_INVALID', 'expected a body of UTF-8', { cause });
  }
}

/** Told from the text: before anything is made of it. */
function nestsDeeper(text: string, most: number): boolean {
  let depth = 0;
  let isText = false;
  for (let at = 0; at < text.length; at++) {
    const letter = text[at];
    if (isText) {
      if (letter === '\\') at++;
      else if (letter === '"') isText = false;
    } else if (letter === '"') isText = true;
    else if (letter === '{' || letter === '[') {
      if (++depth > most) return true;
    } else if (letter === '}' || letter === ']') depth--;
  }
  return false;
}
