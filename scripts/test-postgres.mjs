// A PostgreSQL server for tests, in a temporary folder: the developer's own, else the installed binaries, else Debian's packages.
import process from 'node:process';
import { installDebian } from './debian-package.mjs';
import { clusterOwner, makeCluster, postgresBinaries } from './postgres-cluster.mjs';

const SKIPPED = 'sqlTable and the record over PostgreSQL';

/** @param {() => Promise<number>} freePort */
export const postgres = (freePort) => ({
  name: 'PostgreSQL',
  async start() {
    const url = process.env.MILLRACE_TEST_POSTGRES_URL;
    if (url !== undefined) return { against: 'MILLRACE_TEST_POSTGRES_URL', env: { MILLRACE_TEST_POSTGRES_URL: url } };
    const found = postgresBinaries() ?? (installDebian('postgresql') ? postgresBinaries() : undefined);
    if (found === undefined) return { missing: `neither postgres nor initdb is installed: ${SKIPPED}` };
    if (clusterOwner() === null) return { missing: `postgres refuses to run as root, and there is no other user to run it as: ${SKIPPED}` };
    try {
      const { server, port, remove } = await makeCluster({ port: await freePort() });
      const env = { MILLRACE_TEST_POSTGRES_URL: `postgres://millrace@127.0.0.1:${port}/postgres` };
      return { against: `${server} at 127.0.0.1:${port}`, env, stop: remove };
    } catch (error) {
      return { missing: `it could not be started (${error.message}): ${SKIPPED}` };
    }
  },
});
