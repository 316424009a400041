import cliTruncate from 'cli-truncate';
import stringWidth from 'string-width';

/** A line cut to what fits into `columns`, with `…` where it was cut. Before a wide character cli-truncate may cut one column too late. */
export function fitWidth(line: string, columns: number): string {
  let fitted = line;
  for (let limit = columns; limit > 0 && stringWidth(fitted) > columns; limit--) fitted = cliTruncate(line, limit);
  return fitted;
}
