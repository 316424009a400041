/** A million rows of eight columns of every sort, as rows and as columns. */
export const ROWS = 1_000_000;

const COLUMNS = {
  id: (n) => n,
  big: (n) => BigInt(n) * 1_000n,
  price: (n) => Math.round(Math.sin(n) * 10_000) / 100,
  quantity: (n) => n % 97,
  kind: (n) => `kind ${n % 1_000}`,
  city: (n) => `city ${(n * 7_919) % ROWS}`,
  open: (n) => n % 3 === 0,
  at: (n) => new Date(1.7e12 + n * 1_000),
};

/** @param without names of columns that are left out */
export function makeColumns(without = [], rows = ROWS) {
  return Object.fromEntries(
    Object.entries(COLUMNS)
      .filter(([name]) => !without.includes(name))
      .map(([name, cell]) => [name, Array.from({ length: rows }, (_, n) => cell(n))]),
  );
}

export function toRows(columns) {
  const names = Object.keys(columns);
  return columns[names[0]].map((_, n) => Object.fromEntries(names.map((name) => [name, columns[name][n]])));
}
