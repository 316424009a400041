import { terminalText } from '../log/terminal-text.js';
import type { RunNote } from '../model/records.js';
import { formatTime } from './amounts.js';

/** One after the other, under their numbers; what has several lines keeps them. */
export function noteLines(notes: readonly RunNote[]): string {
  return notes
    .map(({ at, text }, place) => {
      const head = `${place + 1}. ${formatTime(at)}  `;
      return (
        head +
        text
          .split('\n')
          .map(terminalText)
          .join(`\n${' '.repeat(head.length)}`)
      );
    })
    .join('\n');
}
