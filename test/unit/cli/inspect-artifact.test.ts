import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { inspectArtifact } from '../../../src/cli/commands/inspect-artifact.js';
import { openRecord } from '../../../src/cli/open-record.js';
import { ctx, file, flow } from '../../../src/index.js';
import { artifactViews } from '../../../src/report/artifact-views.js';
import { sideResultsOf } from '../../../src/runs/side-results.js';
import { openProject } from '../../../src/runtime/project.js';
import { freshHome, recorded } from '../engine/workbench.js';
import { memoryTerminal } from './memory-terminal.js';

let home: string;
beforeEach(() => {
  home = freshHome();
});

it('a file that is no table, whatever its name says, is shown as the text it is, by the command and in reports', async () => {
  const path = join(home, 'ragged.csv');
  writeFileSync(path, 'a,b\n1,2,3\n4\n');
  await flow('ragged', async () => void (await ctx().artifact('rows', file(path)))).run();
  const { run } = await recorded('ragged/latest');

  await using project = await openRecord();
  const given = await sideResultsOf(project.record, run.id, []);
  const terminal = memoryTerminal();
  await inspectArtifact('rows', { path: run.id, given, nameAt: () => '', output: undefined, json: false }, project, terminal);
  expect(terminal.printed.out).toBe('a,b\n1,2,3\n4\n\n');

  await using source = await openProject();
  const { artifacts } = await artifactViews(
    source,
    given.artifacts,
    () => -1,
    () => '',
  );
  expect(artifacts.map(({ name, view }) => [name, view])).toEqual([['rows', { kind: 'text', text: 'a,b\n1,2,3\n4\n' }]]);
});
