import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ctx, Fail, type FinalState, flow, param, ShellError, Skip, shell, task } from 'millrace';

const STOCKS = fileURLToPath(new URL('../data/stocks.csv', import.meta.resolve('vega-datasets')));

class Busy extends Error {}

/** A service that is busy twice. */
const fetchRate = task(
  () => {
    if (ctx().attempt < 3) throw new Busy(`attempt ${ctx().attempt}: the service is busy`);
    return 1.09;
  },
  {
    // After 10 ms, then 20 ms; with `jitter` so that many clients do not come back together. Other errors are not tried again.
    retries: { max: 4, delay: '10ms', backoff: 'exponential', jitter: 0.1, maxDelay: '1s', if: (error) => error instanceof Busy },
    // Hooks are told. One that throws is logged and changes nothing.
    hooks: {
      onRetry: (context, error) => context.log.warn(`hook: once more, because ${(error as Error).message}`),
      onSuccess: (context, rate) => context.log.info(`hook: ${rate} at attempt ${context.attempt}`),
    },
  },
);

/** Too slow. The signal is aborted when the time is over; who listens to it stops at once. */
const ponder = task(async () => await sleep(60_000, 42, { signal: ctx().signal }), { timeout: '50ms' });

/** Fail ends the task for good: no retry would help. */
const signIn = task(
  (token: string) => {
    if (token === '') throw new Fail('there is no token');
    return `signed in with ${token}`;
  },
  { retries: 5 },
);

/** Skip: there is nothing to do. That is no failure. */
const publish = task((rate: number, draft: boolean) => {
  if (draft) throw new Skip('a draft is not published');
  return `published ${rate}`;
});

/** A command as a task. A list goes to the program as it is: no shell reads it, and nothing has to be quoted. */
const countLines = shell('countLines', (pattern: string, path: string) => ['grep', '-c', pattern, path]);

/** `outcome()` hands on how a task ended instead of its value, and with that a failure is handled. */
const tell = task((ends: Readonly<Record<string, FinalState<unknown>>>) =>
  Object.fromEntries(Object.entries(ends).map(([name, end]) => [name, end.state])),
);

export const resilience = flow(
  'resilience',
  {
    description: 'Everything that goes wrong, and what becomes of it.',
    params: { token: param({ default: '' }), pattern: param({ default: 'TSLA', help: 'grep fails when nothing matches' }) },
    hooks: { onStart: (run) => console.error(`run ${run.id} has started`) },
  },
  async ({ token, pattern }) => {
    const rate = fetchRate();
    const count = countLines(pattern, STOCKS);
    const ends = tell({
      rate: rate.outcome(),
      ponder: ponder().outcome(),
      signIn: signIn(token).outcome(),
      publish: publish(rate, true).outcome(),
      count: count.outcome(),
    });
    // The fallback in the graph, and the error in the body. Either handles the failure.
    return { ends, lines: count.orElse('0'), exitCode: await count.then(() => 0, exitCodeOf) };
  },
);

/** A task's failure comes as a TaskError, whose cause is what was thrown. */
function exitCodeOf({ cause }: { cause?: unknown }): number | undefined {
  return cause instanceof ShellError ? cause.exitCode : undefined;
}
