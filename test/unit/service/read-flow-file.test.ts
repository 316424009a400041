import { expect, it } from 'vitest';
import { flowFileReader } from '../../../src/service/read-flow-file.js';

const FLOW = '{"reading":{"flows":[],"modules":["/flows/a.ts"]}}';

/** A file is read by a process that does this. */
function readBy(code: string, limitMs = 20_000): Promise<unknown> {
  return flowFileReader({ command: [process.execPath, '-e', code], cwd: process.cwd(), env: process.env, limitMs })('/flows/a.ts', 7);
}

it('gives what the process sends, whatever it prints and leaves open', async () => {
  const code = `console.log('hello'); setInterval(() => {}, 1_000); process.send(${FLOW}, () => process.exit(0))`;
  expect(await readBy(code)).toEqual({ flows: [], modules: ['/flows/a.ts'] });
  expect(await readBy('process.send({ reading: { flows: process.argv.slice(1) } }, () => process.exit(0))')).toEqual({ flows: ['/flows/a.ts', '7'] });
});

it('says why a file cannot be loaded: what was thrown, or how the process ended', async () => {
  await expect(readBy("process.send({ error: 'a.ts:1: oh' }, () => process.exit(0))")).rejects.toThrow(/^a\.ts:1: oh$/);
  await expect(readBy("console.error('no licence'); process.exit(3)")).rejects.toThrow(
    'the process that loaded it ended with exit code 3; it said:\nno licence',
  );
  await expect(readBy('process.kill(process.pid, "SIGKILL")')).rejects.toThrow('the process that loaded it was ended by SIGKILL');
});

it('ends a process that never ends', async () => {
  await expect(readBy('for (;;) {}', 300)).rejects.toThrow('it takes longer than 0.3 s to load');
});
