import { parseSync } from 'rolldown/experimental';
import { describe, expect, it } from 'vitest';
import { decoratorUseOf, MAY_HAVE_DECORATORS } from '../../../src/cli/flow-file/decorator-use.js';

/** The decorators that are not our own, as they are written; undefined for a module without any. */
function foreignIn(text: string): readonly string[] | undefined {
  const { program, errors } = parseSync('module.ts', text);
  expect(errors).toEqual([]);
  return decoratorUseOf(program)?.foreign.map((start) => /^@[\w.()]+/.exec(text.slice(start))?.[0] ?? '?');
}

const OURS = "import { Flow, Parameter as Setting, Task } from 'millrace/decorators';\n";

describe('which decorators are our own', () => {
  it('those bound to an import of the entry, by whatever name, in whatever form', () => {
    expect(
      foreignIn(`${OURS}import * as millrace from 'millrace/decorators';
        @Flow() class A { @Setting({ help: '' }) x = 1; @(Task()) a() {} @millrace.Task() b() {} @Task() @millrace.Task({}) c() {} }`),
    ).toEqual([]);
  });

  it('not those that only bear their names', () => {
    expect(foreignIn("import { Task } from './task.js'; const Flow = () => {}; @Flow() class A { @Task() a() {} }")).toEqual(['@Flow()', '@Task()']);
    expect(foreignIn("import type { Task } from 'millrace/decorators'; class A { @Task() a() {} }")).toEqual(['@Task()']);
    expect(foreignIn("import { Task } from 'millrace'; class A { @Task() a() {} }")).toEqual(['@Task()']);
  });

  it('not where the name is declared anew around them', () => {
    const decorated = 'class A { @Task() a() {} }';
    const shadowing = [
      `function make(Task) { ${decorated} }`,
      `const make = ({ x: [Task] }, ...rest) => { ${decorated} };`,
      `const make = (a, Task = 1) => { ${decorated} };`,
      `const make = (...Task) => { ${decorated} };`,
      `{ const Task = 1; ${decorated} }`,
      `{ class Task {} ${decorated} }`,
      `{ ${decorated} function Task() {} }`,
      `function make() { { var Task = 1; } ${decorated} }`,
      `const make = function Task() { ${decorated} };`,
      `try {} catch (Task) { ${decorated} }`,
      `for (const Task of []) { ${decorated} }`,
      `switch (1) { case 1: let Task; ${decorated} }`,
      `class B { static { const Task = 1; ${decorated} } }`,
      `class B { make(Task: unknown) { ${decorated} } }`,
    ];
    for (const text of shadowing) expect([text, foreignIn(OURS + text)]).toEqual([text, ['@Task()']]);
  });

  it('declarations beside them change nothing', () => {
    const text = `${OURS}function other(Task) { { var Flow; } } { const Task = 1; } class A { Task() {} @Task() a(Task) { const Flow = 1; } }`;
    expect(foreignIn(text)).toEqual([]);
  });

  it('what has no name is not ours; all are found, in the order of the text', () => {
    expect(foreignIn(`${OURS}@(() => {}) class A { @Task() a() {} @note.it('x') b() {} m(@inject c) {} }\nconst B = @seal class {};`)).toEqual([
      '@(()',
      '@note.it(',
      '@inject',
      '@seal',
    ]);
  });
});

describe('modules without decorators', () => {
  it('use nothing of them; an accessor field does', () => {
    expect(foreignIn(`${OURS}class A { x = 1; }`)).toBeUndefined();
    expect(foreignIn('class A { accessor x = 1; }')).toEqual([]);
  });

  it('are told by a look at their text, nearly always', () => {
    const without = ["import x from '@scope/name';", 'const mail = "ada@example.org";', 'const { accessor } = options;', 'text(`@name`)'];
    for (const text of without) expect([text, MAY_HAVE_DECORATORS.test(text)]).toEqual([text, false]);
    const having = [
      '@a class A {}',
      'class A {@a() b}',
      'class A { x; @a\nb() {} }',
      'f(@a class {})',
      'export default @a class {}',
      'class A { static accessor #x }',
    ];
    for (const text of [...having, 'm(@inject a) {}', '@(x) class A {}', '\t@a.b class A {}'])
      expect([text, MAY_HAVE_DECORATORS.test(text)]).toEqual([text, true]);
  });
});
