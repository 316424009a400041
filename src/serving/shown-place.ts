import type { RunningServer } from '../server/start-server.js';

/** For people: where a server is to be found, and what opens it. */
export function shownPlace({ link, tokenFile }: Pick<RunningServer, 'link' | 'tokenFile'>): string {
  const token = tokenFile === undefined ? 'its token is the one in MILLRACE_SERVER_TOKEN' : `its token is also in ${tokenFile}`;
  return `serving at ${link}\n${token}`;
}
