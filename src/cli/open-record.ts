import { existsSync } from 'node:fs';
import { MillraceError } from '../base/error.js';
import type { ArtifactRef } from '../model/artifact.js';
import { TASK_DEFAULTS } from '../model/task-definition.js';
import type { RunRecord, TaskRunDetails } from '../runs/run-record.js';
import type { Project } from '../runtime/project.js';

/** The stored value of a task run, or why there is none to show. */
export type ValuePreview = { readonly found: true; readonly value: unknown } | { readonly found: false; readonly why: string };

/** The project's memory of its runs, opened for a look. */
export interface OpenedRecord extends AsyncDisposable {
  readonly record: RunRecord;
  /** A result that is stored in at most `maxBytes`; undefined when there is none. */
  preview(artifacts: TaskRunDetails['artifacts'], maxBytes: number): Promise<ValuePreview | undefined>;
  /** The stored bytes, verified. @throws what reading them throws */
  open(ref: ArtifactRef): Promise<AsyncIterable<Uint8Array>>;
}

/** The project of the working directory, where there is one. @throws MillraceError `NO_PROJECT` */
export async function openExistingProject(): Promise<Project> {
  const [{ openProject }, { findHome, IN_MEMORY, recordAddress }] = await Promise.all([
    import('../runtime/project.js'),
    import('../runtime/home.js'),
  ]);
  const home = findHome();
  const isOnServer = recordAddress(home) !== undefined;
  if (home !== IN_MEMORY && !isOnServer && !existsSync(home)) {
    throw new MillraceError('NO_PROJECT', `there are no runs here: expected a project folder at ${home}, or above it`, {
      hint: 'start a run with: millrace run <file>; or set MILLRACE_HOME to the folder of another project',
    });
  }
  return await openProject({ home, look: isOnServer });
}

/** The same, for a look. @throws MillraceError `NO_PROJECT` */
export async function openRecord(): Promise<OpenedRecord> {
  const project = await openExistingProject();
  return {
    record: project.record,
    async preview(artifacts, maxBytes) {
      if (artifacts.length === 0) return undefined;
      const bytes = artifacts.reduce((sum, { ref }) => sum + ref.bytes, 0);
      if (bytes > maxBytes) return { found: false, why: 'too large to be shown' };
      try {
        return { found: true, value: await project.keeper.load(artifacts, TASK_DEFAULTS) };
      } catch (error) {
        // A custom format or a store that only the flow file knows, or bytes that are gone: everything else about the task can be shown.
        return { found: false, why: error instanceof Error ? error.message : String(error) };
      }
    },
    async open(ref) {
      const { BYTE_STREAM } = await import('../results/formats/byte-stream.js');
      const artifacts = [{ name: '', ref: { ...ref, format: BYTE_STREAM.name } }];
      return (await project.keeper.load(artifacts, TASK_DEFAULTS)) as AsyncIterable<Uint8Array>;
    },
    [Symbol.asyncDispose]: async () => await project[Symbol.asyncDispose](),
  };
}
