/**
 * What threads that talk to a record are given of the environment: what PostgreSQL's driver takes from it where the address does not say it (who connects,
 * by which password and certificates). Flags and variables of the program are not meant for them.
 */
export function threadEnvironment(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => /^(?:PG[A-Z]+|HOME|APPDATA|USER|USERNAME)$/i.test(name)));
}
