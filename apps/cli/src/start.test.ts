import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';

const main = join(import.meta.dirname, 'main.ts');

/** Preloaded: prints what is loaded, one a line, when the process ends. */
const tell = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module';
  const urls = [];
  registerHooks({ load: (url, context, next) => (urls.push(url), next(url, context)) });
  process.on('exit', () => console.log(urls.join('\\n')));
`)}`;

async function listLoaded(...words: string[]): Promise<readonly string[]> {
  const run = promisify(execFile)(process.execPath, ['--import', tell, main, ...words]);
  // Whoever has no server to ask is refused, and has loaded all that asking takes.
  const { stdout } = await run.catch((error: { readonly stdout: string }) => error);
  return stdout.split('\n').filter((line) => line.startsWith('file:'));
}

test('whoever asks a server does not wait until a server is loaded', async () => {
  const loaded = await listLoaded('flag', 'list', '--url', 'http://127.0.0.1:1', '--token', 'slt_none');
  expect(loaded.some((url) => url.endsWith('/flag-commands.ts'))).toBe(true);
  const heavy =
    /control-plane\/src\/server\.ts|edge\/src\/edge\.ts|node_modules\/(?:kysely|fastify|pino|better-auth)\//;
  expect(loaded.filter((url) => heavy.test(url))).toEqual([]);
});

test('a server that is killed has kept what was compiled, so that the next start is quick', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-start-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const compiled = join(folder, 'compiled');
  const words = ['server', 'start', '--port', '0', '--data', join(folder, 'data')];
  const server = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_COMPILE_CACHE: compiled },
  });
  let said = '';
  for await (const chunk of server.stdout) {
    said += String(chunk);
    if (said.includes('Sluice is running')) break;
  }
  server.kill('SIGKILL');
  await once(server, 'close');
  // Of every module that it has loaded.
  expect(globSync('**/*', { cwd: compiled }).length).toBeGreaterThan(500);
});
