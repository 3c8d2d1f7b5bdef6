import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createFakeServerPlatform } from '@sluice/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createGate, type Gate } from './gate.ts';

let gate: Gate;
let platform: ReturnType<typeof createFakeServerPlatform>;
let server: Server;
let url: string;

beforeEach(async () => {
  platform = createFakeServerPlatform();
  gate = createGate(platform);
  server = createServer(gate.listener.request).on('upgrade', gate.listener.upgrade);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const states: readonly (readonly [state: string, enter: () => void])[] = [
  ['starting', () => undefined],
  [
    'stopping',
    () => {
      gate.open({ request: (_request, response) => response.end(), upgrade: (_request, socket) => socket.destroy() });
      gate.close();
    },
  ],
];

describe.each(states)('while the server is %s', (state, enter) => {
  beforeEach(enter);

  test.each([
    ['GET', '/all'],
    ['GET', '/sdk/stream'],
    ['GET', '/sdk/latest-all'],
    ['POST', '/bulk'],
    ['GET', '/api/v1/projects'],
    ['GET', '/nothing'],
  ])('%s %s is answered 503, never a status that stops an SDK for good', async (method, path) => {
    const response = await fetch(`${url}${path}`, { method, ...(method === 'POST' && { body: 'x'.repeat(100_000) }) });
    expect(response.status).toBe(503);
    expect(response.headers.get('content-type')).toContain('application/problem+json');
    expect(await response.json()).toMatchObject({
      status: 503,
      code: 'unavailable',
      title: `the server is ${state}; try again`,
    });
  });

  test('clients are told to come back after 1 to 5 seconds, by chance', async () => {
    const times: (string | null)[] = [];
    for (const luck of [0, 0.5, 0.999]) {
      platform.randomValue = luck;
      times.push((await fetch(`${url}/all`)).headers.get('retry-after'));
    }
    expect(times).toEqual(['1', '3', '5']);
  });

  test('it is healthy and not ready', async () => {
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    const response = await fetch(`${url}/readyz`);
    expect([response.status, await response.text()]).toEqual([503, `${state}\n`]);
  });
});

describe('while the server is ready', () => {
  beforeEach(() =>
    gate.open({
      request: (_request, response) => response.end('behind'),
      upgrade: (_request, socket) => socket.end('HTTP/1.1 418 behind\r\n\r\n'),
    }),
  );

  test('it says so, and everything else goes through', async () => {
    expect(await (await fetch(`${url}/healthz`)).text()).toBe('ok\n');
    expect(await (await fetch(`${url}/readyz?verbose`)).text()).toBe('ready\n');
    expect(await (await fetch(`${url}/all`)).text()).toBe('behind');
  });
});
