import { checkNotifications, type ServiceNotification } from '../model/notification.js';
import { loadModule } from './load-flow-file.js';

/**
 * Whom a file names: its default export, which is what `webhook(…)` and its like make, or a list of it.
 * @throws FlowFileError as for flow files; MillraceError `NOTIFICATION_INVALID`
 */
export async function loadNotifications(file: string, cwd: string): Promise<readonly ServiceNotification[]> {
  const { default: named } = (await loadModule(file, cwd)) as { readonly default?: unknown };
  return checkNotifications(named, 'NOTIFICATION_INVALID', ` that ${file} exports as default`);
}
