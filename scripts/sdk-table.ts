/**
 * `npm run sdks`: runs the tests with other people's SDKs, and writes into README.md which versions passed in which
 * mode, and when.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findLaunchDarklyVersion, launchDarklyModes, launchDarklySdk } from '@sluice/testkit';
import { formatSdkTable, replaceSdkTable, type TestedSdk } from './sdk-rows.ts';

const root = join(import.meta.dirname, '..');
const report = join(root, 'reports', 'sdks.json');
const readme = join(root, 'README.md');

/** The part of the runner's JSON report that is read here. */
interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly ancestorTitles: readonly string[]; readonly status: string }[];
  }[];
}

mkdirSync(join(root, 'reports'), { recursive: true });
const { status } = spawnSync(
  process.execPath,
  [
    join(root, 'node_modules/vitest/vitest.mjs'),
    'run',
    'apps/control-plane/src/clients',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ],
  { cwd: root, stdio: 'inherit' },
);
// Written by the runner a moment ago.
const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as Report;
const results = testResults.flatMap(({ assertionResults }) => assertionResults);
const date = new Date().toISOString().slice(0, 10);
const tested = launchDarklyModes.flatMap((mode): TestedSdk[] => {
  const ofMode = results.filter(({ ancestorTitles }) => ancestorTitles.some((title) => title.endsWith(`, ${mode}`)));
  const passed = ofMode.length > 0 && ofMode.every((result) => result.status === 'passed');
  return passed ? [{ sdk: launchDarklySdk, version: findLaunchDarklyVersion(), mode, date }] : [];
});
writeFileSync(readme, replaceSdkTable(readFileSync(readme, 'utf8'), formatSdkTable(tested)));
process.exitCode = status ?? 1;
