import { describe, expect, it } from 'vitest';
import { type CodeOptions, codePartText } from '../../../src/code/code-part.js';
import { compareCode } from '../../../src/code/compare-code.js';

type Pieces = Readonly<Record<string, string>>;

/** `{ 'a.ts: load': 'digest' }` */
function text(pieces: Pieces, packages: Readonly<Record<string, string>> = {}): string {
  return codePartText({
    pieces: Object.entries(pieces).map(([key, digest]) => {
      const [file = '', name = ''] = key.split(': ');
      return { file, name, digest };
    }),
    packages,
  });
}

describe('what differs between two code parts', () => {
  it('is told by file and declaration, and by package', () => {
    const before = text({ 'src/a.ts: load': '1', 'src/a.ts: gone': '1', 'src/b.ts: same': '1' }, { lodash: '4.0.0', zod: '3.0.0' });
    const now = text({ 'src/a.ts: load': '2', 'src/b.ts: same': '1', 'src/c.ts: fresh': '1' }, { lodash: '4.0.1', valibot: '1.0.0' });
    expect(compareCode(before, now)).toEqual(
      [
        'src/a.ts: load',
        'src/a.ts: gone (no longer used)',
        'src/c.ts: fresh (now used)',
        'lodash 4.0.0 -> 4.0.1',
        'zod (no longer used)',
        'valibot (now used)',
      ].map((detail) => ({ kind: 'code-changed', detail })),
    );
  });

  it('is nothing between equal ones, and nothing is told where there is nothing to compare', () => {
    const one = text({ 'a.ts: load': '1' });
    expect(compareCode(one, one)).toEqual([]);
    expect(compareCode(undefined, one)).toEqual([]);
    expect(compareCode('not JSON', one)).toEqual([]);
    expect(compareCode(one, '{}')).toEqual([]);
  });

  it('pieces of one name are told as one; names that objects have of their own are names like others', () => {
    const twice = (second: string): string =>
      codePartText({ pieces: ['1', second].map((digest) => ({ file: 'a.ts', name: 'E', digest })), packages: {} });
    expect(compareCode(twice('2'), twice('3'))).toEqual([{ kind: 'code-changed', detail: 'a.ts: E' }]);
    expect(compareCode(text({ 'a.ts: toString': '1', 'a.ts: __proto__': '1' }), text({ 'a.ts: x': '1', 'a.ts: __proto__': '2' }))).toEqual(
      ['a.ts: toString (no longer used)', 'a.ts: __proto__', 'a.ts: x (now used)'].map((detail) => ({ kind: 'code-changed', detail })),
    );
  });

  it('is nothing for what only lies in another file', () => {
    const before = text({ 'src/a.ts: load': '1', 'src/a.ts: same': '1' });
    expect(compareCode(before, text({ 'src/b.ts: load': '1', 'src/a.ts: same': '2' }))).toEqual([{ kind: 'code-changed', detail: 'src/a.ts: same' }]);
  });

  it('captured variables and options are told by themselves', () => {
    const of = (options: CodeOptions): string => codePartText({ pieces: [], packages: {}, options });
    const before = of({ serializer: 'json', captures: { region: { digest: '1', shown: '"eu"' }, table: { digest: '1' }, gone: { digest: '1' } } });
    const now = of({ serializer: 'parquet', captures: { region: { digest: '2', shown: '"us"' }, table: { digest: '2' }, fresh: { digest: '1' } } });
    expect(compareCode(before, now)).toEqual([
      { kind: 'code-changed', detail: 'its serializer: json -> parquet' },
      ...['region: "eu" -> "us"', 'table', 'gone (no longer used)', 'fresh (now used)'].map((detail) => ({ kind: 'captured-variable', detail })),
    ]);
    expect(compareCode(of({}), of({ outputs: 'train, test' }))).toEqual([{ kind: 'code-changed', detail: 'its outputs: none -> train, test' }]);
  });
});
