import { MillraceError } from '../../base/error.js';
import { nearest } from '../../base/nearest.js';
import { type CodeFile, WHY_LEFT } from '../../code/code-package.js';
import { readFileTexts } from '../../code/read-package.js';
import { terminalText } from '../../log/terminal-text.js';
import type { RunRow } from '../../model/records.js';
import type { RunRecord } from '../../runs/run-record.js';
import { codeMissing, keptCode } from '../../runtime/past/code.js';
import { formatBytes } from '../amounts.js';
import { coloursFor } from '../colours.js';
import { formatTable } from '../table.js';
import { type Terminal, widthOf } from '../terminal.js';

/** The list of the source files of a run; or the text of one of them, byte for byte. @param wanted a path; true is the list */
export async function inspectCode(run: RunRow, wanted: string | true, json: boolean, record: RunRecord, terminal: Terminal): Promise<void> {
  const kept = await keptCode(record, run);
  const print = (text: string): void => void terminal.out.write(text);
  if (wanted === true) {
    if (json) return print(`${JSON.stringify({ run: run.id, digest: run.codePackage, ...kept }, null, 2)}\n`);
    const { dim } = coloursFor(terminal.out, terminal.env);
    const rows = kept.files.map((file) => [terminalText(file.path), formatBytes(file.bytes), file.digest.slice(0, 12), noteOn(file)]);
    const columns = [{ title: 'file' }, { title: 'size', align: 'right' as const }, { title: 'sha256' }, { title: '' }];
    const blocks = [formatTable(columns, rows, { width: widthOf(terminal.out), paintTitle: dim })];
    const packages = Object.entries(kept.packages);
    if (packages.length > 0) blocks.push([dim('packages'), ...packages.map(([name, version]) => terminalText(`${name}@${version}`))].join('\n'));
    return print(`${blocks.join('\n\n')}\n`);
  }
  const file = fileCalled(kept.files, wanted, run.id);
  const text = (await readFileTexts(record, [file])).get(file.path);
  if (text === undefined) throw codeMissing(file, run.id);
  print(json ? `${JSON.stringify({ run: run.id, ...file, text }, null, 2)}\n` : text);
}

function noteOn({ left, changed }: CodeFile): string {
  if (left !== undefined) return `not kept: ${WHY_LEFT[left]}`;
  return changed ? 'changed after it was loaded' : '';
}

/** By its whole path, or by the end of it where that is of one alone. @throws MillraceError `CODE_FILE_UNKNOWN` */
function fileCalled(files: readonly CodeFile[], wanted: string, run: string): CodeFile {
  const plain = wanted.replaceAll('\\', '/').replace(/^\.\//, '');
  const whole = files.find(({ path }) => path === plain);
  const ending = files.filter(({ path }) => path.endsWith(`/${plain}`));
  const [only] = ending;
  if (whole !== undefined) return whole;
  if (only !== undefined && ending.length === 1) return only;
  const paths = files.map(({ path }) => path);
  const guess = nearest(plain, paths);
  const among = ending.length > 1 ? ending.map(({ path }) => path) : paths.slice(0, 20);
  throw new MillraceError('CODE_FILE_UNKNOWN', `run ${run} has ${ending.length > 1 ? 'several source files' : 'no source file'} called '${wanted}'`, {
    hint: guess === undefined || ending.length > 1 ? `It has ${among.join(', ')}.` : `Did you mean '${guess}'?`,
  });
}
