import { readdir, readFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ctx, type FinalState, flow, param, task } from 'millrace';

// Some sixty files of every sort, as the vega-datasets package ships them.
const DATA = fileURLToPath(new URL('../data', import.meta.resolve('vega-datasets')));

interface Statistics {
  readonly file: string;
  readonly bytes: number;
  readonly rows: number;
}

const list = task(async (folder: string) => {
  const names = (await readdir(folder)).filter((name) => ['.csv', '.json'].includes(extname(name)));
  return names.sort().map((name) => join(folder, name));
});

/** Called once for each file. A file that cannot be read fails its own call, and no other. */
const measure = task(async (path: string): Promise<Statistics> => {
  const text = await readFile(path, { encoding: 'utf8', signal: ctx().signal });
  const rows = path.endsWith('.json') ? countJson(JSON.parse(text)) : text.trimEnd().split('\n').length - 1;
  if (rows === 0) throw new Error('the file has no rows');
  return { file: basename(path), bytes: Buffer.byteLength(text), rows };
});

const kind = task(({ file, bytes, rows }: Statistics) => ({ file, kind: extname(file).slice(1), bytesPerRow: Math.round(bytes / rows) }));

/** The reduce: it takes the whole list. */
const total = task((all: Statistics[]) => ({
  files: all.length,
  rows: all.reduce((sum, { rows }) => sum + rows, 0),
  largest: all.toSorted((a, b) => b.bytes - a.bytes)[0]?.file,
}));

const densest = task((kinds: { file: string; kind: string; bytesPerRow: number }[]) => {
  const sorted = kinds.toSorted((a, b) => b.bytesPerRow - a.bytesPerRow);
  return sorted.slice(0, 3).map(({ file, bytesPerRow }) => `${file}: ${bytesPerRow} bytes a row`);
});

const refused = task((paths: string[], states: FinalState<Statistics>[]) =>
  paths.flatMap((path, place) => (states[place]?.state === 'failed' ? [basename(path)] : [])),
);

export const mapFiles = flow(
  'map-files',
  { description: 'Measures every data file of a folder.', params: { folder: param({ default: DATA, help: 'where the files lie' }) } },
  ({ folder }) => {
    const files = list(folder);
    // As many calls as there turn out to be files; four at a time, for they are read whole. `key` names each: `measure#0[cars.json]`.
    const measured = measure.mapWith({ concurrency: 4, maxSplits: 1_000, key: (path) => basename(path) })(files);
    // Successes and states leave failures out, or tell of them, and so handle them. Without either, one broken file fails the run.
    const good = measured.successes();
    return { total: total(good), densest: densest(kind.map(good)), refused: refused(files, measured.states()) };
  },
);

function countJson(value: unknown): number {
  return typeof value === 'object' && value !== null ? Object.keys(value).length : 1;
}
