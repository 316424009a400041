import { MillraceError } from '../../base/error.js';
import { type CodeFile, type CodePackage, WHY_LEFT } from '../../code/code-package.js';
import { readCodePackage, readFileTexts } from '../../code/read-package.js';
import type { CodeFileInfo, CodeInfo } from '../../flow/past.js';
import { formatBytes } from '../../log/format-bytes.js';
import type { RunRow } from '../../model/records.js';
import type { RunRecord } from '../../runs/run-record.js';
import { type Facts, Shown } from './display.js';
import type { OpenRecord } from './source.js';

/** The source files that a run ran, and the packages they use. */
export class PastCode extends Shown implements CodeInfo {
  readonly files: readonly PastCodeFile[];
  readonly packages: Readonly<Record<string, string>>;
  readonly #run: string;

  constructor(open: OpenRecord, run: string, { files, packages }: CodePackage) {
    super();
    this.files = files.map((file) => new PastCodeFile(open, run, file));
    this.packages = packages;
    this.#run = run;
  }

  protected facts(): Facts {
    const files = this.files.map(({ path, bytes }): readonly [string, string] => [path, formatBytes(bytes)]);
    const packages = Object.entries(this.packages).map(([name, version]): readonly [string, string] => [name, version]);
    return { kind: 'Code of run', title: this.#run, facts: [...files, ...packages] };
  }
}

class PastCodeFile extends Shown implements CodeFileInfo {
  readonly path: string;
  readonly digest: string;
  readonly bytes: number;
  readonly changed?: true;
  readonly #open: OpenRecord;
  readonly #run: string;
  readonly #file: CodeFile;

  constructor(open: OpenRecord, run: string, file: CodeFile) {
    super();
    this.path = file.path;
    this.digest = file.digest;
    this.bytes = file.bytes;
    if (file.changed) this.changed = true;
    this.#open = open;
    this.#run = run;
    this.#file = file;
  }

  async text(): Promise<string> {
    await using project = await this.#open();
    const text = (await readFileTexts(project.record, [this.#file])).get(this.path);
    if (text === undefined) throw codeMissing(this.#file, this.#run);
    return text;
  }

  protected facts(): Facts {
    const { path, digest, bytes, changed } = this;
    return { kind: 'Source file', title: path, facts: Object.entries({ digest, size: formatBytes(bytes), changed }) };
  }
}

export async function codeOfRun(open: OpenRecord, row: RunRow): Promise<PastCode> {
  await using project = await open();
  return new PastCode(open, row.id, await keptCode(project.record, row));
}

/** @throws MillraceError `RUN_CODE_MISSING` */
export async function keptCode(record: RunRecord, { id, flow, codePackage }: RunRow): Promise<CodePackage> {
  const kept = await readCodePackage(record, codePackage);
  if (kept !== undefined) return kept;
  throw new MillraceError('RUN_CODE_MISSING', `no code is kept with run ${id} of flow '${flow}'`, {
    hint: 'It is kept soon after a run has started, of flows that are defined in a file; older runs have none.',
  });
}

/** Of a file whose text is not there. */
export function codeMissing({ path, left }: CodeFile, run: string): MillraceError {
  if (left !== undefined) return new MillraceError('CODE_NOT_KEPT', `the text of ${path} is not kept with run ${run}: ${WHY_LEFT[left]}`);
  return new MillraceError('CODE_MISSING', `expected the text of ${path}, kept with run ${run}; it is missing, or damaged`);
}
