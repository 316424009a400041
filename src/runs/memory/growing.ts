/** Typed arrays of fixed size, made larger by doubling. `fill` is what a place holds that was never written. */
export function grown<A extends Uint8Array | Uint16Array | Int32Array | Float64Array>(array: A, length: number, fill: number): A {
  if (length <= array.length) return array;
  let capacity = Math.max(array.length, 16);
  while (capacity < length) capacity *= 2;
  const larger = new (array.constructor as new (length: number) => A)(capacity);
  larger.set(array);
  larger.fill(fill, array.length);
  return larger;
}
