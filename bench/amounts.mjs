/** Three digits say all there is to say. */
export function rounded(number) {
  return number >= 100 ? number.toFixed(0) : number.toPrecision(3);
}

export function factor(ratio, peer) {
  return peer ? `${rounded(ratio)}x` : rounded(ratio);
}

export function amount({ name, median }, unit) {
  return `${name} ${rounded(median)} ${unit}`;
}

/** An upper limit; empty where there is none. */
export function limit(number) {
  return number === undefined ? '' : `≤ ${number}`;
}

/** The least and the most of the rounds. */
export function range({ least, most }) {
  return `${rounded(least)}–${rounded(most)}`;
}

/** Of all repetitions, and of the first where it is another one. */
export function verdicts({ verdict, firstVerdict }) {
  return verdict === firstVerdict ? verdict : `${verdict}, first ${firstVerdict}`;
}
