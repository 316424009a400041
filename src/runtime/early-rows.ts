import { systemClock } from '../base/clock.js';
import type { Engine } from '../engine/engine.js';
import type { Recording } from '../engine/recording.js';

/** Attempts that last longer have their row early (S19). */
const EARLY_ROW_MS = 100;

/** Long attempts have their rows early, so that others can see them running. @returns ends it */
export function recordLongAttempts(engine: Engine, recording: Recording): () => void {
  const told = new Set<number>();
  const sweep = (): void => {
    const now = systemClock.now();
    for (const { attempt, startedAt } of engine.running()) {
      if (now - startedAt < EARLY_ROW_MS || told.has(attempt.node)) continue;
      told.add(attempt.node);
      recording.stillRunning(attempt, startedAt);
    }
    stop = systemClock.schedule(EARLY_ROW_MS, sweep, { idle: true });
  };
  let stop = systemClock.schedule(EARLY_ROW_MS, sweep, { idle: true });
  return () => stop();
}
