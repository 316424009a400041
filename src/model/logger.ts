/** What a task writes its log with: `ctx().log`. Arguments are formatted as `console.log` does it; errors come with their stack. */
export interface Logger {
  debug(...values: unknown[]): void;
  info(...values: unknown[]): void;
  warn(...values: unknown[]): void;
  error(...values: unknown[]): void;
}
