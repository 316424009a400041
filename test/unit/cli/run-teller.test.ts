import { describe, expect, it } from 'vitest';
import { childrenLines } from '../../../src/cli/children-lines.js';
import type { RunOutcome, RunPrinter } from '../../../src/cli/run-printer.js';
import { RunTeller } from '../../../src/cli/run-teller.js';
import type { RunEvent } from '../../../src/model/event.js';
import type { RunState } from '../../../src/model/states.js';
import type { WatchedRun } from '../../../src/runtime/run-watch.js';

const at = new Date(0);
const main: WatchedRun = { run: '20261104-093015-aaaaaa', flow: 'main', name: undefined, parent: undefined };
const child: WatchedRun = { run: '20261104-093015-bbbbbb', flow: 'kid', name: undefined, parent: main.run };
const state = (of: RunState): RunEvent => ({ at, type: 'run-state', data: { state: of } });
const log = (text: string): RunEvent => ({ at, type: 'log', node: 'a#0', data: { at: 0, level: 'info', text, node: 'a#0' } });

class Printed implements RunPrinter {
  readonly told: string[] = [];
  readonly outcomes: RunOutcome[] = [];
  event = ({ type }: RunEvent): void => void this.told.push(type);
  childEvent = ({ type }: RunEvent, { flow }: WatchedRun): void => void this.told.push(`${flow} ${type}`);
  again = (run: string): void => void this.told.push(`again ${run}`);
  note = (text: string): void => void this.told.push(text);
  end(outcome: RunOutcome): boolean {
    this.outcomes.push(outcome);
    return true;
  }
}

describe('RunTeller', () => {
  const teller = (): RunTeller => new RunTeller(new AbortController().signal);

  it('what a run says before there is a printer is printed first; its children are told apart', () => {
    const [told, printer] = [teller(), new Printed()];
    told.started(main);
    told.event(state('running'), main);
    told.attach(printer);
    told.event(log('x'), child);
    expect(printer.told).toEqual(['run-state', 'kid log']);
  });

  it('a run that is tried again is the same to who watches, under its new name', () => {
    const [told, printer] = [teller(), new Printed()];
    told.started(main);
    told.attach(printer);
    told.event(state('failed'), main);
    told.started({ ...main, run: 'next', retries: main.run });
    told.event(state('success'), { ...main, run: 'next', retries: main.run });
    expect(printer.told).toEqual(['run-state', 'again next', 'run-state']);
  });

  it('waits for runs that were started and not waited for, and says so', async () => {
    const [told, printer] = [teller(), new Printed()];
    told.attach(printer);
    told.started(child);
    let ended = false;
    const waiting = told.childrenEnded().then(() => {
      ended = true;
    });
    told.event(state('running'), child);
    await null;
    expect(ended).toBe(false);
    told.event(state('success'), child);
    await waiting;
    expect(printer.told).toEqual(['waiting for a run that it started', 'kid run-state', 'kid run-state']);
    await told.childrenEnded();
  });

  it('when the process goes, the printer has its last word at once, and only once', () => {
    const [told, printer] = [teller(), new Printed()];
    told.attach(printer);
    told.event({ at, type: 'run-state', data: { state: 'crashed', error: { name: 'E', message: 'gone' } } }, main);
    told.gone(child);
    expect(printer.outcomes).toEqual([]);
    told.gone(main);
    told.end({ state: 'failed', value: undefined, error: undefined });
    expect(printer.outcomes).toEqual([{ state: 'crashed', value: undefined, error: { name: 'E', message: 'gone' } }]);
  });

  it('a printer that throws does not harm the run: its error comes out at the end, after the last word', () => {
    const [told, printer] = [teller(), new Printed()];
    printer.event = () => {
      throw new Error('no paper');
    };
    told.attach(printer);
    told.event(state('running'), main);
    expect(() => told.end({ state: 'success', value: 1, error: undefined })).toThrow('no paper');
    expect(printer.outcomes).toHaveLength(1);
  });
});

describe('lines of child runs', () => {
  it('begin with the name of the run, or of its flow; a second one of that name shows the end of its id', () => {
    const lines = childrenLines({ colour: false });
    const second = { ...child, run: '20261104-093015-cccccc' };
    const named = { ...child, run: '20261104-093015-dddddd', name: 'nightly' };
    const shown = [child, second, named, child].flatMap((of) => lines(log('hello'), of)).map((line) => line.replace(/^[^|]*\| /, ''));
    expect(shown).toEqual([
      "INFO  | kid › Task 'a#0': hello",
      "INFO  | kid cccccc › Task 'a#0': hello",
      "INFO  | nightly › Task 'a#0': hello",
      "INFO  | kid › Task 'a#0': hello",
    ]);
  });
});
