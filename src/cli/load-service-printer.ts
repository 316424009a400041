import type { ServicePrinter, ServicePrinterOptions } from './service-printer.js';

/** Lines to read on a terminal, lines of JSON elsewhere. Only what is printed with is loaded. */
export async function loadServicePrinter(options: ServicePrinterOptions): Promise<ServicePrinter> {
  if (options.terminal.out.isTTY === true || options.quiet) return (await import('./service-lines.js')).serviceLines(options);
  return (await import('./service-json-lines.js')).serviceJsonLines(options);
}
