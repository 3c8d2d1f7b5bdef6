/** Runs the tests and ends with the line `N passed, N failed, N skipped`, taken from the runner's own report. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const report = join(root, 'reports', 'vitest.json');

/** The part of the runner's JSON report that is read here. */
interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly unknown[] }[];
}

mkdirSync(join(root, 'reports'), { recursive: true });
rmSync(report, { force: true });
const folder = createFolderInMemory();
const { status } = spawnSync(
  process.execPath,
  [
    join(root, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...process.argv.slice(2),
  ],
  {
    cwd: root,
    stdio: 'inherit',
    env: {
      ...process.env,
      ...(folder !== undefined && { TMPDIR: folder, NODE_COMPILE_CACHE: join(folder, 'compiled') }),
    },
  },
);
if (folder !== undefined) rmSync(folder, { recursive: true, force: true });

const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = readReport();
// A file that fails before its first test has no failed test to be counted by.
const brokenFiles = testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0).length;
const skipped = numPendingTests + numTodoTests;
let failed = numFailedTests + brokenFiles;
if (failed === 0 && status !== 0) failed = 1;
if (process.env.CI === 'true' && skipped > 0) {
  console.error(`In CI nothing may be skipped, but ${skipped} were: what they need must be installed.`);
}
console.log(`${numPassedTests} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed > 0 || (process.env.CI === 'true' && skipped > 0) ? 1 : 0;

/**
 * For what tests write: hundreds of databases and tens of thousands of files that live for seconds, for which a disk
 * would take half of the time. Undefined: there is no such place, or too little room in it.
 */
function createFolderInMemory(): string | undefined {
  const memory = '/dev/shm';
  if (process.env.TMPDIR !== undefined || !existsSync(memory)) return undefined;
  const { bavail, bsize } = statfsSync(memory);
  if (bavail * bsize < 12 * 2 ** 30) return undefined;
  const folder = mkdtempSync(join(memory, 'sluice-tests-'));
  // Servers of other users have folders of their own in it.
  chmodSync(folder, 0o755);
  return folder;
}

function readReport(): Report {
  try {
    // Written by the runner a moment ago.
    return JSON.parse(readFileSync(report, 'utf8')) as Report;
  } catch (error) {
    console.error(`The test runner left no report: ${error}`);
    return { numPassedTests: 0, numFailedTests: 1, numPendingTests: 0, numTodoTests: 0, testResults: [] };
  }
}
