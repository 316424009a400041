/** Longest text of a single value that is kept beside its digest, so that a change can be shown from what to what (S27). */
const MAX_SINGLE = 40;
/** The same for small objects and lists, as JSON. */
const MAX_JSON = 160;
const MAX_MEMBERS = 16;

/** A small value as people write it; undefined for what is too long, or would not be the same written down. Never throws. */
export function shownText(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return value.length <= MAX_SINGLE ? JSON.stringify(value) : undefined;
    case 'bigint':
      return `${value}n`;
    case 'number':
    case 'boolean':
    case 'undefined':
      return Object.is(value, -0) ? '-0' : String(value);
    case 'object':
      return value === null ? 'null' : jsonText(value, MAX_JSON);
    default:
      return undefined;
  }
}

/** Gives up as soon as it gets too long, so that a large value costs no more than a small one. */
function jsonText(value: unknown, room: number): string | undefined {
  if (room <= 0) return undefined;
  if (typeof value !== 'object' || value === null) return leafText(value);
  return Array.isArray(value) ? listText(value, room) : objectText(value, room);
}

function leafText(value: unknown): string | undefined {
  if (typeof value === 'string') return value.length <= MAX_SINGLE ? quoted(value) : undefined;
  if (value === null || typeof value === 'boolean') return String(value);
  return typeof value === 'number' && Number.isFinite(value) && !Object.is(value, -0) ? String(value) : undefined;
}

/** Nearly all names and many texts are like this: they need not be looked through character by character. */
const PLAIN = /^[\w .:/-]*$/;

function quoted(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}

function listText(list: readonly unknown[], room: number): string | undefined {
  if (list.length > MAX_MEMBERS) return undefined;
  let text = '[';
  for (let at = 0; at < list.length; at++) {
    const member = jsonText(list[at], room - text.length);
    if (member === undefined) return undefined;
    text += at === 0 ? member : `,${member}`;
    if (text.length >= room) return undefined;
  }
  return `${text}]`;
}

/** What has a class of its own is more than its fields. */
function objectText(object: object, room: number): string | undefined {
  const prototype = Object.getPrototypeOf(object) as unknown;
  if (prototype !== Object.prototype && prototype !== null) return undefined;
  let text = '{';
  let count = 0;
  for (const name in object) {
    if (++count > MAX_MEMBERS) return undefined;
    const member = jsonText((object as Readonly<Record<string, unknown>>)[name], room - text.length - name.length);
    if (member === undefined) return undefined;
    text += `${count === 1 ? '' : ','}${quoted(name)}:${member}`;
    if (text.length >= room) return undefined;
  }
  return `${text}}`;
}
