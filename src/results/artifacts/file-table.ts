import { asError } from '../../base/error.js';
import { csv } from '../formats/csv.js';

/** So much of a file says what stands between its cells. */
const ENOUGH = 65_536;
/** Of as many in the first line, the one named first. */
const DELIMITERS = [',', ';', '\t', '|'];

/**
 * The name of the format by which a CSV file of somebody else's is read back: its first line says what stands between the cells.
 * @param delimiter where that is known
 */
export async function csvFormatOf(file: AsyncIterable<Uint8Array>, delimiter: string | undefined): Promise<string> {
  if (delimiter !== undefined) return nameWith(delimiter);
  const start: Uint8Array[] = [];
  let length = 0;
  for await (const piece of file) {
    start.push(piece);
    length += piece.byteLength;
    if (length >= ENOUGH) break;
  }
  return nameWith(likelyDelimiter(Buffer.concat(start).toString('utf8')));
}

function likelyDelimiter(text: string): string {
  const [line = ''] = text.replaceAll(/"(?:[^"]|"")*"/g, '').split(/\r|\n/, 1);
  const counts = DELIMITERS.map((one) => line.split(one).length);
  return DELIMITERS[counts.indexOf(Math.max(...counts))] as string;
}

/** What our own format could not write (letters, points) is read as the text it is. */
function nameWith(delimiter: string): string {
  try {
    return csv({ delimiter }).name;
  } catch (error) {
    if (asError(error).name !== 'MillraceError') throw error;
    return 'text';
  }
}
