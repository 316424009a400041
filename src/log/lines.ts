import picocolors from 'picocolors';
import type { LogLevel, RunEvent } from '../model/event.js';
import type { RunState, TaskState } from '../model/states.js';
import { type EventText, eventText } from './event-text.js';
import { isAtLeast } from './level.js';
import type { Mask } from './mask.js';
import { RunTally } from './run-tally.js';
import { terminalText } from './terminal-text.js';

export interface LinesOptions {
  readonly flow: string;
  /** Id of the run. */
  readonly run: string;
  /** Whose lines these are, where those of several runs stand side by side: `report › Task 'clean#0'`. @default none */
  readonly prefix?: string;
  /** See `useColour`. @default false */
  readonly colour?: boolean;
  /** Nothing below is shown. @default 'info' */
  readonly level?: LogLevel;
  /** Keeps secrets out (S18), see `createMask`. @default none */
  readonly mask?: Mask;
}

/**
 * Makes the lines that people read of the events of one run, given in order:
 *
 *     14:03:22.118 | INFO  | Task 'clean#0': finished task run in 12 ms with final state 'success'
 *
 * The lines have no end. An event gives none when it is below `level`, and several when its text has several lines; each of them begins
 * with time, level and name, so that no text can pass for an event. User text is made safe for terminals. Times are local.
 */
export function createLines(options: LinesOptions): (event: RunEvent) => readonly string[] {
  const { flow, run, prefix, level: least = 'info', mask = (text: string) => text } = options;
  const paint = createPaint(options.colour ?? false);
  const tally = new RunTally();
  // Masked again at the end: an escape sequence inside a secret hides it from the first look.
  const show = (text: string): string => mask(terminalText(mask(text)));
  const whose = prefix === undefined ? '' : `${paint.prefix(show(prefix))} › `;
  return (event) => {
    tally.add(event);
    const said = eventText(event, { flow, run }, tally);
    if (!isAtLeast(said.level, least)) return [];
    const start = `${paint.time(timeOfDay(event.at))} | ${paint.level(said.level)} | ${whose}${show(said.subject)}: `;
    // Masked as a whole before it is split: a secret may have several lines.
    return mask(said.text)
      .split(/\r?\n/)
      .map((line, index) => start + (index === 0 ? paint.state(show(line), said) : show(line)));
  };
}

/** `14:03:22.118`, local time. */
export function timeOfDay(at: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, '0')}`;
}

type Colours = ReturnType<typeof picocolors.createColors>;
type Colour = 'green' | 'cyan' | 'yellow' | 'red' | 'blue' | 'dim';

const LEVEL_COLOUR: Readonly<Record<LogLevel, Colour>> = { debug: 'dim', info: 'blue', warn: 'yellow', error: 'red' };

const STATE_COLOUR: Readonly<Partial<Record<TaskState | RunState, Colour>>> = {
  success: 'green',
  cached: 'cyan',
  skipped: 'dim',
  paused: 'yellow',
  cancelled: 'yellow',
  'upstream-failed': 'yellow',
  failed: 'red',
  'timed-out': 'red',
  crashed: 'red',
};

interface Paint {
  time(text: string): string;
  prefix(text: string): string;
  level(level: LogLevel): string;
  /** Colours the name of the state, which stands in the first line before any user text. */
  state(line: string, said: EventText): string;
}

function createPaint(enabled: boolean): Paint {
  const colours: Colours = picocolors.createColors(enabled);
  return {
    time: (text) => colours.dim(text),
    prefix: (text) => colours.cyan(text),
    level: (level) => colours[LEVEL_COLOUR[level]](level.toUpperCase().padEnd(5)),
    state(line, { state }) {
      const colour = state === undefined ? undefined : STATE_COLOUR[state];
      return colour === undefined ? line : line.replace(`'${state}'`, () => colours[colour](`'${state}'`));
    },
  };
}
