/** `npm run check`: types, formatting and lint, the import graph. Every finding is printed; exit code 1 with any. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { findGraphViolations } from './import-graph.ts';

const root = join(import.meta.dirname, '..');

function run(title: string, command: string, ...commandArguments: string[]): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(join(root, 'node_modules', '.bin', command), commandArguments, { cwd: root });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.on('error', (error) => (output += error.message));
    child.on('close', (code) => resolve(report(title, code === 0, output)));
  });
}

function report(title: string, passed: boolean, output: string): boolean {
  console.log(`${passed ? 'ok    ' : 'FAILED'} ${title}`);
  if (!passed) console.log(output);
  return passed;
}

const violations = findGraphViolations(root);
const results = [
  report('import graph', violations.length === 0, violations.join('\n')),
  ...(await Promise.all([
    run('types', 'tsc', '-p', 'tsconfig.json'),
    run('types of pure packages (no platform)', 'tsc', '-p', 'tsconfig.pure.json'),
    run('types of the dashboard', 'tsc', '-p', 'apps/dashboard/tsconfig.json'),
    run('types of its journeys', 'tsc', '-p', 'apps/dashboard/journeys/tsconfig.json'),
    run('format and lint', 'biome', 'ci', '--error-on-warnings', '--colors=off'),
  ])),
];
process.exitCode = results.every(Boolean) ? 0 : 1;
