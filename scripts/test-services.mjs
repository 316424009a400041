// Servers that tests are run against: those that the developer names, else those that this machine has.
import { spawn } from 'node:child_process';
import process from 'node:process';
import { freePort } from './free-port.mjs';
import { chromium } from './test-chromium.mjs';
import { postgres } from './test-postgres.mjs';

const START_WITHIN_MS = 30_000;

/** A second S3 server, written by others: the store must not only agree with the fixture in `test/s3/`. */
const moto = {
  name: 'S3 (moto)',
  async start() {
    const python = process.env.MILLRACE_TEST_PYTHON ?? 'python3';
    const missing = (why) => ({ missing: `${why}: the contract of result stores over moto` });
    const port = await freePort();
    const child = spawn(python, ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)], { stdio: ['ignore', 'ignore', 'pipe'] });
    let complaint = '';
    child.stderr.on('data', (text) => {
      complaint = `${complaint}${text}`.slice(-2_000);
    });
    const ended = new Promise((resolve) => {
      child.on('error', (error) => resolve(error.message));
      child.on('exit', (code, signal) => resolve(`it ended with ${code ?? signal}`));
    });
    const stop = async () => {
      child.kill();
      await ended;
    };
    const endpoint = `http://127.0.0.1:${port}`;
    const answered = await Promise.race([answers(endpoint).then((ok) => ok || 'it did not answer'), ended]);
    if (answered === true) return { against: `${python} -m moto.server at ${endpoint}`, env: { MILLRACE_TEST_MOTO_ENDPOINT: endpoint }, stop };
    await stop();
    return missing(/No module named/.test(complaint) ? `${python} has no moto` : `${python} -m moto.server could not be started (${answered})`);
  },
};

/** The developer's own, with credentials from the SDK's chain and the bucket MILLRACE_TEST_S3_BUCKET. */
const s3 = {
  name: 'S3 (MILLRACE_TEST_S3_ENDPOINT)',
  async start() {
    const endpoint = process.env.MILLRACE_TEST_S3_ENDPOINT;
    return endpoint === undefined ? { missing: 'it is not set: the contract of result stores over a server of yours' } : { against: endpoint };
  },
};

export const SERVICES = [moto, s3, postgres(freePort), chromium];

async function answers(endpoint) {
  for (const end = Date.now() + START_WITHIN_MS; Date.now() < end; ) {
    if (
      await fetch(endpoint).then(
        () => true,
        () => false,
      )
    )
      return true;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}
