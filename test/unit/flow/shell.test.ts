import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { LEADS_GROUP, ProcessGroup } from '../../../src/flow/process-group.js';
import { runCommand } from '../../../src/flow/run-command.js';
import { shell } from '../../../src/flow/shell.js';
import type { ShellError } from '../../../src/flow/shell-error.js';
import { StreamLines } from '../../../src/flow/stream-lines.js';
import { isTask, TASK } from '../../../src/flow/task.js';
import { cache, type FlowRunError, flow, type LogLine, type RunHandle, secret } from '../../../src/index.js';
import type { TaskDefinition } from '../../../src/model/task-definition.js';
import { openProject } from '../../../src/runtime/project.js';

beforeAll(() => {
  process.env.MILLRACE_HOME = ':memory:';
});

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'millrace-shell-')));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const node = (code: string, ...args: readonly string[]): readonly string[] => [process.execPath, '-e', code, ...args];

/** The error of a task that fails, as it threw it. */
async function failure(run: Promise<unknown>): Promise<ShellError> {
  const error = await run.then(
    () => undefined,
    (thrown: FlowRunError) => thrown,
  );
  return error?.failures[0]?.cause as ShellError;
}

function definitionOf(made: unknown): TaskDefinition {
  if (!isTask(made)) throw new Error('no task');
  return made[TASK];
}

async function linesOf(handle: RunHandle<unknown>): Promise<string[]> {
  const lines: string[] = [];
  for await (const event of handle.events()) {
    if (event.type !== 'log') continue;
    const { level, text, node: from } = event.data as LogLine;
    lines.push(`${from} ${level} ${text}`);
  }
  return lines;
}

describe('shell', () => {
  it('runs a text in the shell and gives its stdout without the last line end', async () => {
    const greet = shell('greet', 'echo "one two" | tr a-z A-Z; echo');
    expect(await flow('test', () => greet()).run()).toBe('ONE TWO\n');
  });

  it('hands the arguments of a list over as they are', async () => {
    const nasty = ['; echo pwned', '$(id)', '`id`', "it's", '"', '', '*', '\\', 'ü\n'];
    const show = shell('show', (list: readonly string[]) => node('process.stdout.write(JSON.stringify(process.argv.slice(1)))', '--', ...list));
    const shown = await flow('test', () => show(nasty)).run();
    expect(JSON.parse(shown)).toEqual(nasty);
  });

  it('takes futures as arguments and reads its parameter names from the command function', async () => {
    const path = shell('path', ['echo', 'a b']);
    const echo = shell('echo', (text: string, times: number) => ['echo', text.repeat(times)]);
    expect(definitionOf(echo).parameterNames).toEqual(['text', 'times']);
    expect(definitionOf(path).parameterNames).toEqual([]);
    expect(await flow('test', () => echo(path(), 2)).run()).toBe('a ba b');
  });

  it('S18: a secret in its environment is looked up when it runs, and masked in its output', async () => {
    vi.stubEnv('MILLRACE_HOME', folder);
    vi.stubEnv('SHELL_CANARY', 'canary-4242');
    const show = shell('show', 'echo "got $TOKEN"', { env: { TOKEN: secret('SHELL_CANARY') } });
    expect(await flow('shell-secret', () => show()).run()).toBe('got canary-4242');
    await using project = await openProject();
    const run = await project.record.run('shell-secret/latest');
    expect((await project.record.logs(run?.id ?? '')).map(({ text }) => text)).toEqual(['got ***']);
    vi.stubEnv('SHELL_CANARY', undefined);
    await expect(flow('shell-secret', () => show()).run()).rejects.toThrow(/expected the secret 'SHELL_CANARY'/);
    vi.unstubAllEnvs();
  });

  it('adds to the environment and runs in a folder', async () => {
    const where = shell('where', 'pwd; echo "$MILL $HOME"', { cwd: folder, env: { MILL: 'race' } });
    expect(await flow('test', () => where()).run()).toBe(`${folder}\nrace ${process.env.HOME ?? ''}`);
  });

  it('writes lines to the log of the task as they come, stdout as info and stderr as warnings', async () => {
    const talk = shell('talk', 'printf "one\\ntw"; printf "o\\nthree"; echo bad >&2');
    const handle = flow('test', () => talk()).start({}, { logStdout: false });
    const lines = await linesOf(handle);
    expect(lines.filter((line) => line.includes(' info '))).toEqual(['talk#0 info one', 'talk#0 info two', 'talk#0 info three']);
    expect(lines.filter((line) => line.includes(' warn '))).toEqual(['talk#0 warn bad']);
    expect(await handle.result()).toBe('one\ntwo\nthree');
  });

  it('SHELL_FAILED tells the exit code, the command and the last lines of stderr', async () => {
    const broken = shell('broken', 'echo first >&2; echo last words >&2; exit 3');
    const error = await failure(flow('test', () => broken()).run());
    expect(error).toMatchObject({ code: 'SHELL_FAILED', exitCode: 3, signal: undefined, stderr: 'first\nlast words' });
    expect(error.message).toBe('expected command `echo first >&2; echo last words >&2; exit 3` to end with exit code 0; got 3: last words');
    const killed = await failure(flow('test', () => shell('killed', ['sh', '-c', 'kill -9 $$'])()).run());
    expect(killed).toMatchObject({ code: 'SHELL_FAILED', exitCode: undefined, signal: 'SIGKILL', command: '`sh -c "kill -9 $$"`' });
  });

  it('SHELL_NOT_FOUND for a program and for a command of the shell that are not there', async () => {
    for (const command of ['millrace-no-such-command', ['millrace-no-such-command', 'x']]) {
      expect(await failure(flow('test', () => shell('lost', command)()).run())).toMatchObject({ code: 'SHELL_NOT_FOUND' });
    }
  });

  it('SHELL_NOT_STARTED for a folder or a program that cannot be used', async () => {
    const nowhere = await failure(flow('test', () => shell('nowhere', 'true', { cwd: join(folder, 'gone') })()).run());
    expect(nowhere).toMatchObject({ code: 'SHELL_NOT_STARTED', message: expect.stringContaining("expected 'cwd' of command `true` to be a folder") });
    writeFileSync(join(folder, 'plain'), 'no program', { mode: 0o644 });
    expect((await failure(flow('test', () => shell('plain', [join(folder, 'plain')])()).run())).code).toBe('SHELL_NOT_STARTED');
  });

  it('SHELL_OUTPUT_TOO_LARGE ends a command that writes more than is kept', async () => {
    const error = await failure(flow('test', () => shell('long', 'echo 123456', { maxBuffer: 6 })()).run());
    expect(error).toMatchObject({ code: 'SHELL_OUTPUT_TOO_LARGE', message: expect.stringContaining('at most 6 bytes') });
    expect(await flow('test', () => shell('fits', 'echo 12345', { maxBuffer: 6 })()).run()).toBe('12345');
  });

  it('refuses commands and options of the wrong kind, where it is defined or when the function gives one', async () => {
    for (const command of ['', ' ', [], [''], ['a', 1], ['a\0b'], 7, null])
      expect(() => shell('odd', command as string)).toThrowError(expect.objectContaining({ code: 'SHELL_COMMAND_INVALID' }));
    for (const options of [{ cwd: 1 }, { env: { A: 1 } }, { maxBuffer: 0 }, { maxBuffer: 1.5 }])
      expect(() => shell('odd', 'true', options as object)).toThrowError(expect.objectContaining({ code: 'SHELL_OPTION_INVALID' }));
    expect(() => shell('odd', 'true', { grace: 'soon' as '1s' })).toThrowError(expect.objectContaining({ code: 'DURATION_INVALID' }));
    expect(() => shell('a/b', 'true')).toThrowError(expect.objectContaining({ code: 'TASK_NAME_INVALID' }));
    const late = shell('late', (() => ['head', 3]) as unknown as () => string[]);
    expect((await failure(flow('test', () => late()).run())).message).toContain("expected the command of 'late' to be a text, or a list");
  });

  it('S6: its function is a plain call, outside a flow too', async () => {
    expect(await shell('plain', (a: string) => ['echo', a]).fn('x')).toBe('x');
  });

  it('S21, S22: the command, folder and environment count as its code; of a function, the function does', () => {
    const made = [
      shell('a', 'echo 1'),
      shell('a', 'echo 2'),
      shell('a', ['echo 2']),
      shell('a', () => 'echo 2'),
      shell('a', 'echo 1', { cwd: '/' }),
      shell('a', 'echo 1', { env: { A: '1' } }),
    ].map((one) => definitionOf(one));
    expect(new Set(made.map(({ code }) => code?.also)).size).toBe(made.length);
    expect(definitionOf(shell('a', 'echo 1')).code?.also).toBe(made[0]?.code?.also);
    expect(made.map(({ code }) => code?.code?.toString())).toEqual([
      undefined,
      undefined,
      undefined,
      expect.stringContaining('echo 2'),
      undefined,
      undefined,
    ]);
    expect(made.map(({ version }) => version)).toEqual(made.map(() => undefined));
    expect(definitionOf(shell('a', 'echo 1', { version: '2' })).version).toBe('2');
  });

  it('S20: is cached like any task', async () => {
    const mark = join(folder, 'runs');
    const once = flow('test', () => shell('once', `echo x >> '${mark}'; echo made`, { cache: cache.default })());
    expect([await once.run(), await once.run()]).toEqual(['made', 'made']);
    expect(readFileSync(mark, 'utf8')).toBe('x\n');
  });

  it('S15: a cancelled command ends with all it started, also what does not listen', async () => {
    const ready = join(folder, 'ready');
    const child =
      "process.on('SIGTERM', () => {}); require('node:fs').writeFileSync(process.argv[1], String(process.pid)); setInterval(() => {}, 1000)";
    const stubborn = shell('stubborn', `'${process.execPath}' -e "${child}" '${ready}' & wait`, { grace: '50ms' });
    const handle = flow('test', () => stubborn()).start();
    await until(() => existsSync(ready) && readFileSync(ready, 'utf8') !== '');
    const pid = Number(readFileSync(ready, 'utf8'));
    await handle.cancel('enough');
    await expect(handle.result()).rejects.toMatchObject({ code: 'RUN_CANCELLED' });
    await until(() => !isRunning(pid));
  });
});

describe('runCommand', () => {
  const request = { cwd: undefined, env: undefined, maxBuffer: 1_000_000, graceMs: 50, onLine: () => {} };

  it('lets a command that listens end by itself, and rejects with the reason of the signal', async () => {
    const controller = new AbortController();
    const mark = join(folder, 'cleaned');
    const onLine = (): void => controller.abort(new Error('enough'));
    const command = `trap 'echo cleaned > "${mark}"; exit 0' TERM; echo ready; while :; do sleep 0.05; done`;
    await expect(runCommand({ ...request, graceMs: 5_000, command, signal: controller.signal, onLine })).rejects.toThrowError('enough');
    expect(readFileSync(mark, 'utf8')).toBe('cleaned\n');
  });

  it('ends a command that writes without end; to stderr it may write as much as it likes', async () => {
    const endless = runCommand({ ...request, command: 'yes', signal: undefined });
    await expect(endless).rejects.toMatchObject({ code: 'SHELL_OUTPUT_TOO_LARGE' });
    const command = 'yes | head -c 2000000 >&2; echo done';
    expect(await runCommand({ ...request, command, maxBuffer: 10, signal: undefined })).toBe('done');
  });

  it('starts nothing when its signal is aborted already', async () => {
    const mark = join(folder, 'started');
    const signal = AbortSignal.abort(new Error('too late'));
    await expect(runCommand({ ...request, command: ['touch', mark], signal })).rejects.toThrowError('too late');
    expect(existsSync(mark)).toBe(false);
  });

  it.each(['', ' >/dev/null 2>&1'])('what is left in the background ends with the command (%s)', async (redirected) => {
    const pid = Number(await runCommand({ ...request, command: `sleep 1000${redirected} & echo $!`, signal: undefined }));
    await until(() => !isRunning(pid));
  });

  it('reads what lies in the pipes when the event loop was busy', async () => {
    const bytes = 300_000;
    const onLine = (): void => {
      const until = Date.now() + 150;
      while (Date.now() < until);
    };
    const code = `console.error('go'); process.stdout.write('x'.repeat(${bytes}))`;
    const text = await runCommand({
      ...request,
      graceMs: 20,
      command: node(code),
      signal: undefined,
      onLine: (from) => from === 'stderr' && onLine(),
    });
    expect(text).toHaveLength(bytes);
  });

  it('what runs when this process exits is killed', async () => {
    const before = process.listenerCount('exit');
    const child = spawn('sleep', ['1000'], { ...LEADS_GROUP, stdio: 'ignore' });
    await once(child, 'spawn');
    const group = new ProcessGroup(child.pid as number);
    expect(process.listenerCount('exit')).toBe(before + 1);
    process.listeners('exit').at(-1)?.(0);
    expect((await once(child, 'exit'))[1]).toBe('SIGKILL');
    group.release();
    expect(process.listenerCount('exit')).toBe(before);
  });
});

describe('StreamLines', () => {
  function linesOfBytes(...chunks: readonly (string | Buffer)[]): string[] {
    const lines: string[] = [];
    const stream = new StreamLines((line) => lines.push(line));
    for (const chunk of chunks) stream.write(Buffer.from(chunk as string));
    stream.end();
    return lines;
  }

  it('joins pieces, characters in two pieces too', () => {
    const euro = Buffer.from('a€b\n');
    expect(linesOfBytes(euro.subarray(0, 2), euro.subarray(2), '\nlast')).toEqual(['a€b', '', 'last']);
  });

  it('keeps the last drawing of a progress bar; line ends of Windows are line ends', () => {
    expect(linesOfBytes('10%\r', '50%\r100%\r\nnext\r', '\n')).toEqual(['100%', 'next']);
  });

  it('goes on in another line when one is endless, and loses nothing', () => {
    const lines = linesOfBytes('x'.repeat(50_000), 'y'.repeat(50_000));
    expect(lines.length).toBeGreaterThan(2);
    expect(lines.join('')).toBe('x'.repeat(50_000) + 'y'.repeat(50_000));
  });
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // Where nobody collects orphans, a dead one stays as a zombie.
  const stat = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'utf8') : '';
  return !/\) Z /.test(stat);
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}
