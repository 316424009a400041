import type { CheckResult } from '../model/check.js';
import type { Reason } from '../model/reason.js';
import type { InputDigests } from './inputs.js';

/** What is known of a node that has not settled beside its numbers. Many have none. */
export interface Note {
  /** What a node that asked for an earlier result is known by. */
  asked?: InputDigests;
  /** Why it executes. */
  reason?: Reason;
  /** Of one that is tried again: when the first attempt began. */
  firstStart?: number;
  checks?: readonly CheckResult[];
  label?: string;
  /** Of what others have left at its target: the question that it answers. */
  key?: string;
}

const NO_NOTE: Note = Object.freeze({});

/** A note is made when there is something to write down. */
export class Notes {
  readonly #notes = new Map<number, Note>();

  /** To be written to. */
  of(node: number): Note {
    let note = this.#notes.get(node);
    if (note === undefined) {
      note = {};
      this.#notes.set(node, note);
    }
    return note;
  }

  /** To be read. */
  find(node: number): Readonly<Note> {
    return this.#notes.get(node) ?? NO_NOTE;
  }

  drop(node: number): void {
    if (this.#notes.size > 0) this.#notes.delete(node);
  }
}
