import type { RunningServer } from '../server/start-server.js';
import type { ServableFlow } from '../service/servable-flow.js';
import type { TellService } from '../service/service-event.js';
import type { Terminal } from './terminal.js';

export interface ServicePrinterOptions {
  readonly terminal: Terminal;
  /** As it was given. */
  readonly folder: string;
  /** Failures only. */
  readonly quiet: boolean;
}

export interface ServicePrinter {
  readonly tell: TellService;
  /** The HTTP API is there. */
  listening(server: RunningServer): void;
  /** All files have been loaded once, but for so many that take long. */
  begin(flows: readonly ServableFlow[], now: number, loading: number): void;
}
