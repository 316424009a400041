import { appendFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { type Ended, type Shell, shellIn, spawnNode } from './spawned.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const root = mkdtempSync(join(tmpdir(), 'millrace-decorated-'));
afterAll(() => rmSync(root, { recursive: true, force: true, maxRetries: 3 }));

function project(files: Readonly<Record<string, string>>): Shell {
  const folder = mkdtempSync(join(root, 'project-'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return shellIn(folder);
}

const resultOf = async (shell: Shell, file = 'flow.ts'): Promise<unknown> => (await shell.json<{ result: unknown }>('run', file)).result;

/** Every place that a decorator of the language can stand in; each decorator works by what only that kind is handed. */
const STANDARD = `
  const seen: string[] = [];
  export const note = (_value: unknown, { kind, name }: DecoratorContext) => { seen.push(kind + ' ' + String(name)); };
  export const twice = (method: (...a: number[]) => number, context: ClassMethodDecoratorContext) =>
    function (this: unknown, ...a: number[]) { return 2 * method.apply(this, a); };
  export const plus = (more: number) => (_: undefined, context: ClassFieldDecoratorContext) => (initial: number) => initial + more;
  export const clamped = ({ get, set }: ClassAccessorDecoratorTarget<unknown, number>, context: ClassAccessorDecoratorContext) =>
    ({ get, set(value: number) { set.call(this, Math.min(value, 9)); }, init: (value: number) => value * 10 });
  export { seen };
`;
const STANDARD_USE = `
  @note class Model<T> {
    static built = Model.name;
    @plus(1) rate = 1;
    @clamped accessor depth = 3;
    #secret = 5;
    @note @twice fit(by: number): number { return by * (this.rate + this.#secret); }
    @note get size() { return this.depth; }
  }
  const use = () => {
    const model = new Model<string>();
    const [fitted, before] = [model.fit(10), model.size];
    model.depth = 50;
    return { fitted, before, after: model.depth, name: Model.name, built: Model.built, seen };
  };
`;
const STANDARD_RESULT = {
  fitted: 140,
  before: 30,
  after: 9,
  name: 'Model',
  built: 'Model',
  seen: ['method fit', 'getter size', 'class Model'],
};

describe.concurrent('decorators of the language (TC39) in a flow file', () => {
  it('of the user: on classes, methods, fields, accessors and getters', async () => {
    const shell = project({
      'flow.ts': `import { flow, task } from 'millrace';${STANDARD}${STANDARD_USE}export const main = flow('main', () => task(use)());`,
    });
    expect(await resultOf(shell)).toEqual(STANDARD_RESULT);
  });

  it('from a module it imports, in a project whose tsconfig.json does not ask for the older ones', async () => {
    const shell = project({
      'tsconfig.json': '{ "compilerOptions": { "target": "ES2022", "experimentalDecorators": false } }',
      'lib/decorators.ts': STANDARD,
      'lib/model.ts': `import { clamped, note, plus, seen, twice } from './decorators.js';${STANDARD_USE}export { use };`,
      'flow.ts':
        "import { flow, task } from 'millrace';\nimport { use } from './lib/model.js';\nexport const main = flow('main', () => task(use)());",
    });
    expect(await resultOf(shell)).toEqual(STANDARD_RESULT);
  });

  it.each(['flow.js', 'flow.mjs'])('in JavaScript: %s', async (file) => {
    const source = `import { flow, task } from 'millrace';
      const seen = [];
      const note = (_value, { kind, name }) => { seen.push(kind + ' ' + name); };
      const twice = (method, context) => function (...a) { return context.kind === 'method' ? 2 * method.apply(this, a) : undefined; };
      @note class Model { @twice fit(by) { return by; } @note accessor depth = 3; }
      const use = task(() => [new Model().fit(4), new Model().depth, seen]);
      export const main = flow('main', () => use());`;
    expect(await resultOf(project({ [file]: source, 'package.json': '{ "type": "module" }' }), file)).toEqual([
      8,
      3,
      ['accessor depth', 'class Model'],
    ]);
  });

  it('beside JSX, import.meta and an import() known only when it runs', async () => {
    const shell = project({
      'tsconfig.json': '{ "compilerOptions": { "jsx": "react", "jsxFactory": "element" } }',
      'late.ts': 'export const late: string = "late";',
      'flow.tsx': `import { flow, task } from 'millrace';
        const element = (tag: string, attributes: object) => ({ tag, ...attributes });
        const twice = (method: () => number, context: ClassMethodDecoratorContext) => () => 2 * method();
        class Model { @twice fit() { return 4; } view() { return <box size={this.fit()} />; } }
        const use = task(async (name: string) => [new Model().view(), (await import(\`./\${name}.ts\`)).late, import.meta.filename]);
        export const main = flow('main', () => use('late'));`,
    });
    expect(await resultOf(shell, 'flow.tsx')).toEqual([{ tag: 'box', size: 8 }, 'late', join(shell.folder, 'flow.tsx')]);
  });

  it('mixed with our own, in one class', async () => {
    const shell = project({
      'flow.ts': `import { Flow, Parameter, Task, tasksOf } from 'millrace/decorators';
        const seen: string[] = [];
        const note = (_: unknown, { kind, name }: DecoratorContext) => { seen.push(kind + ' ' + String(name)); };
        @Flow() @note export class Mixed {
          @Parameter() @note rate = 3;
          @Task() @note fit(by: number) { return { fitted: this.rate * by, seen }; }
          run() { return tasksOf<Mixed>(this).fit(7); }
        }`,
    });
    expect(await shell.json('run', 'flow.ts', '--param', 'rate=2')).toMatchObject({
      result: { fitted: 14, seen: ['method fit', 'field rate', 'class Mixed'] },
    });
  });
});

describe.concurrent('the older decorators', () => {
  const LEGACY = `import { flow, task } from 'millrace';
    import 'reflect-metadata';
    const seen: unknown[] = [];
    const note = (target: object, key: string, descriptor?: PropertyDescriptor) => { seen.push([key, typeof descriptor?.value]); };
    const typed = (target: object, key: string) => { seen.push((Reflect as any).getMetadata?.('design:returntype', target, key)?.name ?? 'untyped'); };
    const injected = (target: object, key: string | undefined, index: number) => { seen.push(['parameter', index]); };
    class Model { @note rate = 1; @typed @note fit(): string { return 'fitted'; } constructor(@injected readonly depth = 2) {} }
    const use = task(() => [new Model().fit(), new Model().depth, seen]);
    export const main = flow('main', () => use());`;
  const withMetadata = (files: Readonly<Record<string, string>>): Shell => {
    const shell = project(files);
    mkdirSync(join(shell.folder, 'node_modules'));
    symlinkSync(join(ROOT, 'node_modules', 'reflect-metadata'), join(shell.folder, 'node_modules', 'reflect-metadata'), 'junction');
    return shell;
  };
  const result = (type: string): unknown => ['fitted', 2, [['rate', 'undefined'], ['fit', 'function'], type, ['parameter', 0]]];

  it('where tsconfig.json, or one that it extends, says experimentalDecorators', async () => {
    const shell = withMetadata({
      'base/tsconfig.json': '{ "compilerOptions": { "experimentalDecorators": true } }',
      'tsconfig.json': '{ "extends": "./base/tsconfig.json" } // comments are allowed',
      'source/flow.ts': LEGACY,
    });
    expect(await resultOf(shell, 'source/flow.ts')).toEqual(result('untyped'));
  });

  it('with metadata of types where it says emitDecoratorMetadata', async () => {
    const options = '"compilerOptions": { "experimentalDecorators": true, "emitDecoratorMetadata": true }';
    const listed = withMetadata({ 'tsconfig.json': `{ ${options} }`, 'flow.ts': LEGACY });
    expect(await resultOf(listed)).toEqual(result('String'));
    const unlisted = withMetadata({ 'tsconfig.json': `{ ${options}, "include": ["src"] }`, 'flow.ts': LEGACY });
    expect(await resultOf(unlisted)).toEqual(result('String'));
  });

  it('in JavaScript as well', async () => {
    const shell = project({
      'package.json': '{ "type": "module" }',
      'tsconfig.json': '{ "compilerOptions": { "experimentalDecorators": true } }',
      'flow.js': `import { flow } from 'millrace';
        const seen = [];
        const note = (target, key, descriptor) => { seen.push([key, typeof descriptor.value]); };
        class Model { @note fit() {} accessor depth = 1; }
        export const main = flow('main', () => [seen, new Model().depth]);`,
    });
    expect(await resultOf(shell, 'flow.js')).toEqual([[['fit', 'function']], 1]);
  });

  it('each file by its own tsconfig.json', async () => {
    const use = (body: string): string =>
      `export const seen: unknown[] = []; const note = (...received: any[]) => { ${body} }; class Model { @note fit() {} }`;
    const shell = project({
      'older/tsconfig.json': '{ "compilerOptions": { "experimentalDecorators": true } }',
      'older/model.ts': use('seen.push(received[1]);'),
      'model.ts': use('seen.push(received[1].name);'),
      'flow.ts':
        "import { flow } from 'millrace'; import * as a from './older/model.js'; import * as b from './model.js'; export const main = flow('main', () => [a.seen, b.seen]);",
    });
    expect(await resultOf(shell)).toEqual([['fit'], ['fit']]);
  });
});

describe.concurrent('an error in a file with decorators of its own', () => {
  const DECORATED = [
    "import { flow, task } from 'millrace';",
    'type Method = (...a: unknown[]) => unknown;',
    'const same = (method: Method, _: ClassMethodDecoratorContext): Method => method;',
    '',
    'class Model {',
    '  @same',
    '  fit(rows: readonly number[]): number {',
    "    if (rows.length < 1) throw new RangeError('too few');",
    '    return rows.length;',
    '  }',
    '}',
    'const train = task(() => new Model().fit([]));',
    "export const main = flow('main', () => train());",
    '',
  ];

  it('thrown in a decorated method: the place in the source, and its line with inspect', async () => {
    const shell = project({ 'flow.ts': DECORATED.join('\n') });
    const { code, err } = await shell.millrace('run', 'flow.ts', '--quiet');
    expect(code).toBe(1);
    expect(err).toContain(`at ${join(shell.folder, 'flow.ts')}:8:32`);
    expect((await shell.millrace('inspect', 'main/latest/train')).out).toContain(
      ">  8 |     if (rows.length < 1) throw new RangeError('too few');\n",
    );
  });

  it('thrown while it is loaded: the place in the source', async () => {
    const shell = project({ 'flow.ts': [...DECORATED, "throw new Error('no');"].join('\n') });
    const { code, err } = await shell.millrace('run', 'flow.ts');
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining(`error[FLOW_FILE_THREW]: ${join(shell.folder, 'flow.ts')}:15:7: `) });
  });

  it('in its syntax, whoever finds it', async () => {
    const broken = project({ 'flow.ts': `${DECORATED.join('\n')}const rows = [1, 2;\n` });
    expect((await broken.millrace('run', 'flow.ts')).err).toMatch(/error\[FLOW_FILE_SYNTAX\]: .*flow\.ts:14:\d+: /);
    const injecting = project({ 'flow.ts': 'const inject = (..._: unknown[]) => {};\nclass Model { fit(/* é */ @inject rows: number) {} }\n' });
    expect((await injecting.millrace('run', 'flow.ts')).err).toMatch(
      /error\[FLOW_FILE_SYNTAX\]: .*flow\.ts:2:27: Parameter decorators only work when experimental decorators are enabled\n[\s\S]*hint: .*"experimentalDecorators": true/,
    );
  });
});

describe('without esbuild', () => {
  /** A project with the built package installed, and what it depends on, but nothing that only developers of the package have. */
  function installed(files: Readonly<Record<string, string>>): { readonly folder: string; run(...args: readonly string[]): Promise<Ended> } {
    const { folder } = project(files);
    const modules = join(folder, 'node_modules');
    const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { dependencies: Readonly<Record<string, string>> };
    for (const name of Object.keys(dependencies)) {
      mkdirSync(dirname(join(modules, name)), { recursive: true });
      symlinkSync(join(ROOT, 'node_modules', name), join(modules, name), 'junction');
    }
    mkdirSync(join(modules, 'millrace'));
    for (const part of ['dist', 'package.json']) cpSync(join(ROOT, part), join(modules, 'millrace', part), { recursive: true });
    const cli = join(modules, 'millrace', 'dist', 'cli', 'main.js');
    return { folder, run: async (...args) => await spawnNode([cli, ...args], { cwd: folder }).ended };
  }

  const OWN = `import { Flow, Task, tasksOf } from 'millrace/decorators';
    @Flow() export class Plain { @Task() fit() { return 7; } run() { return tasksOf<Plain>(this).fit(); } }`;
  const FOREIGN = 'const note = (method: () => number, _: ClassMethodDecoratorContext) => method;\n\nclass Model {\n  @note fit() { return 1; }\n}\n';

  it('our own decorators run; others are refused with their place and what to do', async () => {
    const { run } = installed({ 'plain.ts': OWN, 'flow.ts': `import './model.js';\n${OWN}`, 'model.ts': FOREIGN });
    expect(JSON.parse((await run('run', 'plain.ts', '--json')).out)).toMatchObject({ state: 'success', result: 7 });
    const { code, err } = await run('run', 'flow.ts');
    expect({ code, err }).toEqual({ code: 2, err: expect.stringMatching(/error\[DECORATORS_NOT_LOWERED\]: .*model\.ts:4:3: .*@note/) });
    expect(err).toContain('> 4 |   @note fit() { return 1; }\n    |   ^\n');
    expect(err).toMatch(/hint: npm install --save-dev esbuild, or set "experimentalDecorators": true in tsconfig\.json/);
  });

  it('the one that tsx has will do, wherever it lies; one that is too old, or broken, will not', async () => {
    const { folder, run } = installed({ 'flow.ts': `${FOREIGN}${OWN}` });
    const brought = join(folder, 'node_modules', '.store', 'tsx');
    mkdirSync(join(brought, 'node_modules'), { recursive: true });
    writeFileSync(join(brought, 'package.json'), '{ "name": "tsx" }');
    symlinkSync(brought, join(folder, 'node_modules', 'tsx'), 'junction');
    const real = join(ROOT, 'node_modules', 'esbuild');
    symlinkSync(real, join(brought, 'node_modules', 'esbuild'), 'junction');
    expect(JSON.parse((await run('run', 'flow.ts', '--json')).out)).toMatchObject({ state: 'success', result: 7 });

    const own = join(folder, 'node_modules', 'esbuild');
    mkdirSync(own);
    writeFileSync(join(own, 'package.json'), '{ "name": "esbuild", "main": "main.js" }');
    writeFileSync(join(own, 'main.js'), "exports.version = '0.20.2';");
    expect(JSON.parse((await run('run', 'flow.ts', '--json')).out)).toMatchObject({ state: 'success', result: 7 });
    writeFileSync(
      join(own, 'main.js'),
      "exports.version = '0.28.1'; exports.transformSync = () => { throw new Error('no binary\\nfor this machine'); };",
    );
    // What was bundled before is kept, so the file has to change.
    appendFileSync(join(folder, 'flow.ts'), '\nexport const other = 1;\n');
    expect((await run('run', 'flow.ts')).err).toMatch(/error\[DECORATORS_NOT_LOWERED\]: .*no binary\n[\s\S]*hint: install esbuild again/);
  });
});
