/** Replaces secrets in a text; or in bytes, as text of one byte for each character. */
type Mask = (text: string) => string;

/**
 * A copy of a value without its secrets: in texts, keys, maps and sets, at any depth of plain data. A number that is a secret becomes `***`. The
 * value itself where there is nothing to mask; instances of classes stay as they are.
 */
export function maskedValue(value: unknown, mask: Mask): unknown {
  return masked(value, mask, new Map());
}

function masked(value: unknown, mask: Mask, seen: Map<object, unknown>): unknown {
  if (typeof value === 'string') return mask(value);
  if (typeof value === 'number' || typeof value === 'bigint') {
    const text = String(value);
    const shown = mask(text);
    return shown === text ? value : shown;
  }
  if (typeof value !== 'object' || value === null) return value;
  if (!seen.has(value)) maskedObject(value, mask, seen);
  return seen.get(value);
}

function maskedObject(value: object, mask: Mask, seen: Map<object, unknown>): void {
  const inside = (part: unknown): unknown => masked(part, mask, seen);
  if (Array.isArray(value)) {
    const list: unknown[] = [];
    seen.set(value, list);
    for (const part of value) list.push(inside(part));
  } else if (value instanceof Map) {
    const map = new Map<unknown, unknown>();
    seen.set(value, map);
    for (const [key, part] of value) map.set(inside(key), inside(part));
  } else if (value instanceof Set) {
    const set = new Set<unknown>();
    seen.set(value, set);
    for (const part of value) set.add(inside(part));
  } else if (Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null) {
    const object: Record<string, unknown> = {};
    seen.set(value, object);
    for (const [key, part] of Object.entries(value)) {
      Object.defineProperty(object, mask(key), { value: inside(part), enumerable: true, writable: true, configurable: true });
    }
  } else seen.set(value, value);
}

/** Bytes of texts without their secrets; what is no secret stays byte for byte, whatever its encoding. */
export function maskedBytes(bytes: Uint8Array, mask: Mask): Uint8Array {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  const shown = mask(text);
  return shown === text ? bytes : new Uint8Array(Buffer.from(shown, 'latin1'));
}

/** The same of a stream, by whole lines: masks look for each line of a secret that has several. */
export async function* maskedStream(pieces: AsyncIterable<Uint8Array>, mask: Mask): AsyncIterable<Uint8Array> {
  let rest = '';
  for await (const piece of pieces) {
    const text = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength).toString('latin1');
    const end = text.lastIndexOf('\n') + 1;
    if (end === 0) {
      rest += text;
      continue;
    }
    yield Buffer.from(mask(rest + text.slice(0, end)), 'latin1');
    rest = text.slice(end);
  }
  if (rest !== '') yield Buffer.from(mask(rest), 'latin1');
}
