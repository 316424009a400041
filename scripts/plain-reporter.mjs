// A vitest reporter that counts and is silent: scripts/test.mjs adds what it counted to its own and prints the sum last.
import { writeFileSync } from 'node:fs';
import process from 'node:process';

export default class PlainReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const module of modules) count(module, counts);
    const file = process.env.MILLRACE_TEST_COUNTS;
    if (file) writeFileSync(file, JSON.stringify(counts));
  }
}

function count(module, counts) {
  let failedTests = 0;
  for (const test of module.children.allTests()) {
    const { state } = test.result();
    if (state === 'passed') counts.passed += 1;
    else if (state === 'failed') failedTests += 1;
    else counts.skipped += 1;
  }
  // A file that cannot be loaded, or whose hooks fail, may have no failed test to show for it.
  const isBroken = module.state() === 'failed' && failedTests === 0;
  counts.failed += isBroken ? 1 : failedTests;
}
