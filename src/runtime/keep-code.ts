import { join } from 'node:path';
import { systemClock } from '../base/clock.js';
import { asError, type MillraceError } from '../base/error.js';
import { flowSources } from '../code/flow-sources.js';
import { secretTexts } from '../model/secret.js';
import type { RunParts } from './run-parts.js';
import { FIRST_EPOCH } from './run-parts.js';

/** A run that is over sooner keeps its code at its end; in others the first tasks have started by then. */
const AFTER_MS = 50;

export interface KeptCode {
  /** Resolves when the code is kept, or cannot be. */
  finished(): Promise<void>;
  /** It is not kept any more, unless that has begun. */
  cancel(): void;
}

/** Keeps the source files of a run with it (M10), beside what it does: where that fails, the run goes on all the same. */
export function keepCode(parts: RunParts): KeptCode {
  if (!parts.project.lasting || parts.flow.code === undefined) return { finished: async () => {}, cancel: () => {} };
  let keeping: Promise<void> | undefined;
  const begin = (): void => {
    keeping ??= keep(parts).catch((error: unknown) => {
      // The run ends by this itself.
      if (parts.journal.failed || (error as Partial<MillraceError>).code === 'OWNER_FENCED') return;
      parts.recording.line(undefined, 0, 'warn', `the code of the run is not kept: ${parts.mask(asError(error).message)}`);
    });
  };
  const cancel = systemClock.schedule(AFTER_MS, begin, { idle: true });
  return {
    async finished() {
      cancel();
      begin();
      await keeping;
    },
    cancel,
  };
}

async function keep({ flow, id, mask, params, project }: RunParts): Promise<void> {
  const { home, places, record } = project;
  const code =
    flow.code &&
    (await flowSources(flow.code, {
      books: join(home, 'code'),
      project: places.root,
      secrets: [...params.secrets, ...secretTexts()],
      mask,
      isKept: async (digest) => (await record.inline([digest])).has(digest),
    }));
  if (code !== undefined) await record.append({ run: id, epoch: FIRST_EPOCH, code });
}
