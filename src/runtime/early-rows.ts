import { systemClock } from '../base/clock.js';
import type { Engine } from '../engine/engine.js';
import type { Recording } from '../engine/recording.js';

/** Attempts that last longer have their row early (S19). */
const EARLY_ROW_MS = 100;

/** Long attempts, and maps whose children last, have their rows early, so that others can see them running. @returns ends it */
export function recordLongAttempts(engine: Engine, recording: Recording): () => void {
  const told = new Set<number>();
  /** Those of the sweep before: maps have no time at which they began. */
  let open = new Set<number>();
  const sweep = (): void => {
    const now = systemClock.now();
    for (const { attempt, startedAt } of engine.running()) {
      if (now - startedAt < EARLY_ROW_MS || told.has(attempt.node)) continue;
      told.add(attempt.node);
      recording.stillRunning(attempt, startedAt);
    }
    const maps = new Set(engine.openMaps());
    for (const map of maps) {
      if (told.has(map) || !open.has(map)) continue;
      told.add(map);
      recording.stillOpen(map);
    }
    open = maps;
    stop = systemClock.schedule(EARLY_ROW_MS, sweep, { idle: true });
  };
  let stop = systemClock.schedule(EARLY_ROW_MS, sweep, { idle: true });
  return () => stop();
}
