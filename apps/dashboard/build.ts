/** Builds the dashboard into `dist`, where that is missing or older than its sources: `node apps/dashboard/build.ts`. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { brotliCompressSync, gzipSync } from 'node:zlib';

const execute = promisify(execFile);
const folder = import.meta.dirname;
export const dashboardFolder: string = join(folder, 'dist');
const stamp = join(dashboardFolder, 'sources.txt');
const lock = join(folder, '.building');
/** Nobody builds for so long. */
const longestMs = 120_000;

/** Resolves when what is in `dist` was built from the sources as they are; several processes may ask at once. */
export async function buildDashboard(): Promise<void> {
  const sources = hashSources();
  while (!isBuilt(sources)) {
    if (!takeLock()) {
      await pause(200);
      continue;
    }
    try {
      if (isBuilt(sources)) return;
      // Not in this process: what builds takes memory that a server would keep, and here it may be a test that runs.
      const vite = join(folder, '../../node_modules/vite/bin/vite.js');
      const env = { ...process.env, NODE_ENV: 'production' };
      await execute(process.execPath, [vite, 'build', '--config', join(folder, 'vite.config.ts')], { env });
      compress();
      writeFileSync(stamp, sources);
    } finally {
      rmdirSync(lock);
    }
  }
}

export function isDashboardBuilt(): boolean {
  return isBuilt(hashSources());
}

/** Of all that the pages are made of; other packages of this repository are among it. */
function hashSources(): string {
  const hash = createHash('sha256');
  const patterns = [
    'apps/dashboard/{src,public}/**/*.*',
    'apps/dashboard/{package.json,index.html,vite.config.ts,build.ts}',
    'packages/{api-client,authoring,engine}/src/**/*.ts',
  ];
  const root = join(folder, '../..');
  for (const path of globSync(patterns, { cwd: root }).sort()) hash.update(path).update(readFileSync(join(root, path)));
  return hash.digest('hex');
}

function isBuilt(sources: string): boolean {
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === sources;
}

/** One builds, the others wait; whoever died while building is not waited for. */
function takeLock(): boolean {
  try {
    mkdirSync(lock);
    return true;
  } catch {
    const age = Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > longestMs) rmdirSync(lock);
    return false;
  }
}

/** Once, so that the server has nothing to compress. */
function compress(): void {
  for (const path of globSync('assets/*.{js,css}', { cwd: dashboardFolder })) {
    const file = join(dashboardFolder, path);
    const text = readFileSync(file);
    writeFileSync(`${file}.gz`, gzipSync(text, { level: 9 }));
    writeFileSync(`${file}.br`, brotliCompressSync(text));
  }
}

if (process.argv[1] === import.meta.filename) await buildDashboard();
