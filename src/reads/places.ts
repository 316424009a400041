import { tmpdir } from 'node:os';
import { join, resolve, sep } from 'node:path';
import { OWN_FOLDERS } from '../base/own-files.js';

/** Kernel and devices: what they say is no file's content, and some never end. */
const SYSTEM = ['/proc/', '/sys/', '/dev/'];
/** Installed code and data, which count by their versions (S22). */
const PACKAGES = `${sep}node_modules${sep}`;

/** Which files count as inputs (S22b), and what they are called in the record. */
export class Places {
  readonly root: string;
  /** Beginnings of paths. */
  readonly #passedOver: readonly string[];

  /**
   * @param root paths inside it are recorded relative to it
   * @param home the project folder, whose files are Millrace's own; undefined where nothing is kept on disk
   */
  constructor(root: string, home: string | undefined) {
    this.root = resolve(root);
    const homes = home === undefined ? [] : [resolve(home) + sep];
    this.#passedOver = [...homes, ...(sep === '/' ? SYSTEM : []), ...OWN_FOLDERS.map((folder) => folder.replaceAll('/', sep)), taskFolders()];
  }

  counts(path: string): boolean {
    if (path.includes(PACKAGES)) return false;
    const folder = path + sep;
    for (const own of this.#passedOver) if (folder.startsWith(own)) return false;
    return true;
  }

  /** Also on Windows with `/`, so that the record reads the same everywhere. */
  nameOf(path: string): string {
    const folder = this.root.endsWith(sep) ? this.root : this.root + sep;
    const name = path === this.root ? '.' : path.startsWith(folder) ? path.slice(folder.length) : path;
    return sep === '/' ? name : name.replaceAll(sep, '/');
  }

  pathOf(name: string): string {
    return resolve(this.root, name);
  }
}

/** What `ctx().tempDir()` makes: gone with the attempt. */
function taskFolders(): string {
  return join(tmpdir(), 'millrace-task-');
}
