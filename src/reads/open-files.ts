import { disk } from './disk.js';

/** Paths of open files by number, where the system does not tell them: of those opened since functions were wrapped. */
const paths = new Map<number, string>();

const SYSTEM_TELLS = process.platform === 'linux';
/** Input, output and errors of the process. */
const STANDARD = 2;

export function rememberOpen(fd: number, path: string): void {
  if (!SYSTEM_TELLS) paths.set(fd, path);
}

/** The path that a file was opened by, if anybody knows. */
export function openPath(fd: number): string | undefined {
  if (fd <= STANDARD) return undefined;
  if (!SYSTEM_TELLS) return paths.get(fd);
  try {
    const path = disk().readlinkSync(`/proc/self/fd/${fd}`);
    // Pipes and sockets have names of another kind; what was deleted has no path any more.
    return path.startsWith('/') && !path.endsWith(' (deleted)') ? path : undefined;
  } catch {
    return undefined;
  }
}
