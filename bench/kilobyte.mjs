const NOTE = 'Measured on the island in the third week of the season, by hand, twice, by two people who did not see each other’s sheet. ';
const KINDS = ['adelie', 'chinstrap', 'gentoo'];

/** A result of about 1 KB as JSON, another one for each number. */
export function makeKilobyte(n) {
  return {
    id: n,
    species: KINDS[n % KINDS.length],
    tagged: n % 2 === 0,
    readings: Array.from({ length: 60 }, (_, at) => ((n * 31 + at * 17) % 9973) / 8),
    note: NOTE.repeat(4),
  };
}

export const COUNT = 10_000;

/** The flow of the workloads with durable results. @param collect what the body makes of the futures */
export function makeTable({ cache, flow, task }, collect = () => {}) {
  const make = task(makeKilobyte, { name: 'make' });
  return flow('table', { cache: cache.default }, () => collect(Array.from({ length: COUNT }, (_, n) => make(n))));
}
