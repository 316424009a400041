import { MILLRACE, makeProject, runsCommand, TSX } from '../command.mjs';

const FLOW = `import { flow, task } from 'millrace';

const greet = task((name: string): string => \`hello \${name}\`, { name: 'greet' });

export const hello = flow('hello', () => greet('world'));
`;

/** The same without a framework. */
const SCRIPT = `const greet = (name: string): string => \`hello \${name}\`;

export const hello = async (): Promise<string> => greet('world');

console.log(await hello());
`;

export const workload = {
  goal: 'G13',
  title: '`millrace run` of a one-task TypeScript flow, durable',
  repetitions: 5,
  prepare: ({ folder }) => makeProject(folder, { 'flow.ts': FLOW, 'script.ts': SCRIPT }),
  variants: {
    'millrace run': ({ folder }) => runsCommand(folder, MILLRACE, 'run', 'flow.ts'),
    'tsx script.ts': ({ folder }) => runsCommand(folder, TSX, 'script.ts'),
  },
  rows: [{ ours: 'millrace run', peer: 'tsx script.ts', bar: 0.9, stretch: 0.7 }],
};
