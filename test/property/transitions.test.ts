import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NodeTable } from '../../src/engine/node-table.js';
import {
  FINAL_RUN_STATES,
  isFinalTaskState,
  RUN_STATES,
  type RunState,
  TASK_STATE_CODE,
  TASK_STATES,
  type TaskState,
} from '../../src/model/states.js';
import { checkRunMove, RUN_MOVES, TASK_MOVES } from '../../src/model/transition.js';

const isLegal = (from: TaskState, to: TaskState): boolean => {
  const nodes = new NodeTable();
  nodes.add(0);
  nodes.state[0] = TASK_STATE_CODE[from];
  try {
    nodes.move(0, TASK_STATE_CODE[to]);
    return nodes.state[0] === TASK_STATE_CODE[to];
  } catch (error) {
    expect(error).toMatchObject({ code: 'STATE_MOVE_ILLEGAL', message: `a task run cannot go from '${from}' to '${to}'` });
    return false;
  }
};

const isLegalRun = (from: RunState, to: RunState): boolean => {
  try {
    checkRunMove(from, to);
    return true;
  } catch {
    return false;
  }
};

describe('the table of moves', () => {
  it('S10: is what is checked', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...TASK_STATES),
        fc.constantFrom(...TASK_STATES),
        (from, to) => isLegal(from, to) === TASK_MOVES[from].includes(to),
      ),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...RUN_STATES),
        fc.constantFrom(...RUN_STATES),
        (from, to) => isLegalRun(from, to) === RUN_MOVES[from].includes(to),
      ),
    );
  });

  it('S10: a final state never changes, and every other can still crash', () => {
    for (const state of TASK_STATES) expect(TASK_MOVES[state].length === 0).toBe(isFinalTaskState(state));
    for (const state of TASK_STATES) expect(TASK_MOVES[state].includes('crashed')).toBe(!isFinalTaskState(state));
    for (const state of RUN_STATES) expect(RUN_MOVES[state].length === 0).toBe(FINAL_RUN_STATES.has(state));
    for (const state of RUN_STATES) expect(RUN_MOVES[state].includes('crashed')).toBe(!FINAL_RUN_STATES.has(state));
  });

  it('S10: no move leads back to the beginning, and every state can be reached from it and can end', () => {
    const reachable = (from: TaskState, seen = new Set<TaskState>()): Set<TaskState> => {
      for (const to of TASK_MOVES[from]) if (!seen.has(to)) reachable(to, seen.add(to));
      return seen;
    };
    expect([...reachable('pending'), 'pending'].sort()).toEqual([...TASK_STATES].sort());
    for (const state of TASK_STATES.filter((one) => !isFinalTaskState(one))) {
      expect(TASK_MOVES[state]).not.toContain('pending');
      expect([...reachable(state)].some(isFinalTaskState)).toBe(true);
    }
  });

  it('S10: codes are places in the list, and tell final states apart', () => {
    for (const [code, state] of TASK_STATES.entries()) expect(TASK_STATE_CODE[state]).toBe(code);
    expect(TASK_STATES.filter(isFinalTaskState)).toEqual([
      'success',
      'cached',
      'skipped',
      'failed',
      'upstream-failed',
      'cancelled',
      'timed-out',
      'crashed',
    ]);
  });
});
