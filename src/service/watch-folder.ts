import type { FlowFiles } from './flow-files.js';
import { isIgnored } from './flow-folder.js';

/** What happens within so long is one change. */
const TOGETHER_MS = 150;

/**
 * Hears of changes in a folder and gives the hint: only to be quicker, since the folder is looked through anyway. Where it cannot be watched, nothing
 * is lost.
 */
export async function watchFolder(folder: string, files: FlowFiles): Promise<AsyncDisposable> {
  try {
    const { watch } = await import('chokidar');
    let timer: NodeJS.Timeout | undefined;
    const watcher = watch(folder, {
      ignoreInitial: true,
      ignored: (path) => path !== folder && isIgnored(path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1)),
    });
    watcher.on('error', () => {});
    watcher.on('all', () => {
      clearTimeout(timer);
      timer = setTimeout(() => files.hint(), TOGETHER_MS);
      timer.unref();
    });
    return {
      async [Symbol.asyncDispose]() {
        clearTimeout(timer);
        await watcher.close();
      },
    };
  } catch {
    return { async [Symbol.asyncDispose]() {} };
  }
}
