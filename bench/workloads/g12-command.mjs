import { MILLRACE, makeProject, runsCommand } from '../command.mjs';

const FLOW = `import { flow, task } from 'millrace';

const greet = task((name) => \`hello \${name}\`, { name: 'greet' });

export const hello = flow('hello', () => greet('world'));
`;

export const workload = {
  goal: 'G12',
  title: '`millrace run` of a one-task JavaScript flow, durable',
  repetitions: 5,
  prepare: ({ folder }) => makeProject(folder, { 'flow.mjs': FLOW, 'empty.mjs': '' }),
  variants: {
    'millrace run': ({ folder }) => runsCommand(folder, MILLRACE, 'run', 'flow.mjs'),
    'node empty.mjs': ({ folder }) => runsCommand(folder, 'empty.mjs'),
  },
  rows: [{ ours: 'millrace run', peer: 'node empty.mjs', bar: 2, stretch: 1.6 }],
};
