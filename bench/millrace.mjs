import process from 'node:process';

/** Says that nothing shall outlive the process: results of tasks that are not cached are not stored. */
const IN_MEMORY = ':memory:';

/** The built package. @param home where it keeps its records and results */
export async function loadMillrace(home = IN_MEMORY) {
  process.env.MILLRACE_HOME = home;
  return await import('../dist/index.js');
}
