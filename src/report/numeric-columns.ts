const NUMBER = /^[-+]?(?:\d[\d,_]*\.?\d*|\.\d+)(?:e[-+]?\d+)?n?$|^NaN$|^-?Infinity$/i;

/** Which columns of a shown table hold numbers and nothing else: those are set flush right. */
export function numericColumns(rows: readonly (readonly string[])[]): readonly boolean[] {
  return (rows[0] ?? []).map((_, column) => {
    const cells = rows.map((row) => row[column] ?? '').filter((cell) => cell !== '');
    return cells.length > 0 && cells.every((cell) => NUMBER.test(cell));
  });
}
