import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Benchmark } from './benchmark.ts';
import { type ServerProcess, startServerProcess } from './server-process.ts';
import { formatNumber } from './table.ts';

const idleMs = 5000;

const mara = { email: 'mara@example.com', password: 'a sluice is a gate for water' };

/**
 * From `npm start` to `/readyz`, and resident memory once nothing happens: before anybody came in, and with somebody at
 * the pages. The first start makes the database.
 */
export const footprint: Benchmark = {
  run: async ({ quick, onProgress }) => {
    const starts = quick ? 1 : 7;
    const folder = mkdtempSync(join(tmpdir(), 'sluice-footprint-'));
    const readyMs: number[] = [];
    const idleMb: number[] = [];
    const signedInMb: number[] = [];
    const idle = () => new Promise((resolve) => setTimeout(resolve, quick ? 500 : idleMs));
    const measure = async (server: ServerProcess, firstFolder: string | undefined) => {
      const residentMb = () => server.residentBytes() / 1024 / 1024;
      await idle();
      const mb = residentMb();
      const leave = await (firstFolder === undefined ? comeBack(server) : setUp(server, firstFolder));
      await idle();
      const withPageMb = residentMb();
      leave();
      return { mb, withPageMb };
    };
    try {
      for (let start = 0; start <= starts; start++) {
        const server = await startServerProcess(folder);
        const { mb, withPageMb } = await measure(server, start === 0 ? folder : undefined).finally(server.close);
        onProgress(
          `${start === 0 ? 'first start' : `start ${start}`}: ready after ${formatNumber(server.readyMs)} ms, ${formatNumber(mb)} MB, ${formatNumber(withPageMb)} MB with somebody signed in`,
        );
        // The first start fills the compile cache and the database; it is shown but not part of the median.
        if (start > 0) {
          readyMs.push(server.readyMs);
          idleMb.push(mb);
          signedInMb.push(withPageMb);
        }
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    const measures = { readyMs: median(readyMs), idleMb: median(idleMb), signedInMb: median(signedInMb) };
    return {
      rows: [measures],
      measures,
      tables: [
        {
          title: `Starting by npm start, median of ${starts}`,
          header: ['', 'ready ms', 'idle MB', 'idle MB, somebody signed in'],
          rows: [['sluice', ...[measures.readyMs, measures.idleMb, measures.signedInMb].map(formatNumber)]],
        },
      ],
    };
  },
};

/** The first administrator, by the setup link. */
async function setUp({ url }: ServerProcess, folder: string): Promise<() => void> {
  const [, token] = /^setup-link: .*#(.*)$/m.exec(readFileSync(join(folder, 'first-start.txt'), 'utf8')) ?? [];
  return look(url, await post(`${url}/api/v1/setup`, { token, name: 'Mara Kessler', ...mara }));
}

async function comeBack({ url }: ServerProcess): Promise<() => void> {
  return look(url, await post(`${url}/api/v1/session`, mara));
}

/** Asks what the pages ask, and keeps listening as they do; resolves with what ends that. */
async function look(url: string, cookie: string): Promise<() => void> {
  const here = '/projects/default/environments/production';
  const leaving = new AbortController();
  const ask = async (path: string): Promise<Response> => {
    const response = await fetch(`${url}${path}`, { headers: { cookie }, signal: leaving.signal });
    if (!response.ok) throw new Error(`GET ${path} was answered ${response.status}: ${await response.text()}`);
    return response;
  };
  const { body } = await ask(`/api/v1${here}/events`);
  // Ends by being aborted.
  void body?.pipeTo(new WritableStream()).catch(() => undefined);
  for (const page of ['now', 'flags', 'valves', 'changes', 'fleet']) await (await ask(`/api/v1${here}/${page}`)).text();
  return () => leaving.abort();
}

/** Resolves with the cookies that came with the answer. */
async function post(url: string, body: unknown): Promise<string> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`POST ${url} was answered ${response.status}: ${await response.text()}`);
  return response.headers
    .getSetCookie()
    .map((each) => each.split(';')[0])
    .join('; ');
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
