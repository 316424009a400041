import type { LogLevel } from '../model/event.js';
import { LineBuffer } from './line-buffer.js';
import type { Mask } from './mask.js';

/** Where the output of a running task goes. */
export interface OutputTarget {
  /** Takes one line, without its end. What it writes itself, while it is called, is not captured. */
  line(level: LogLevel, text: string): void;
  /** Applied to a line that is too long before it is cut, so that no half of a secret is left. All else `line` masks itself. */
  readonly mask?: Mask;
}

/** What one target has printed and not yet ended with a newline, by stream. */
export class TargetOutput {
  readonly stdout: LineBuffer;
  readonly stderr: LineBuffer;
  /** Its own console, once it used a method that remembers something. */
  console: Console | undefined;

  constructor(target: OutputTarget, emit: (target: OutputTarget, level: LogLevel, text: string) => void) {
    const options = target.mask === undefined ? {} : { mask: target.mask };
    const line = (level: LogLevel, text: string) => emit(target, level, text);
    this.stdout = new LineBuffer(line, options);
    this.stderr = new LineBuffer(line, options);
  }

  flush(): void {
    this.stdout.flush('info');
    this.stderr.flush('error');
  }
}
