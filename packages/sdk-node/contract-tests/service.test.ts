import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { flagOf } from '@sluice/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ann, type Driver, driveClient, type Json, startDriver, streamOf } from './driver.ts';
import { createMockStream, type StandIn, startStandIn, withStatus } from './harness-stand-in.ts';
import { capabilities } from './service.ts';

let driver: Driver;
let standIn: StandIn;

beforeAll(async () => {
  driver = await startDriver();
  standIn = await startStandIn();
});

afterAll(async () => {
  await driver.close();
  await standIn.close();
});

describe('the contract-test service', () => {
  test('says what it is and what our SDK can do', async () => {
    const response = await fetch(driver.service.url);
    expect(response.status).toBe(200);
    const { name, clientVersion, capabilities: declared }: Json = await response.json();
    expect(name).toBe('sluice-sdk-node');
    expect(clientVersion).toMatch(/^\d+\.\d+\.\d+/);
    expect(declared).toEqual(capabilities);
    expect(declared).toEqual(expect.arrayContaining(['server-side', 'server-side-polling', 'big-segments']));
    for (const missing of ['client-side', 'php', 'filtering', 'context-type', 'fdv1-fallback']) {
      expect(declared).not.toContain(missing);
    }
  });

  test.each([
    ['what is not JSON', '{sorry', /JSON/],
    ['a body without configuration', '{"tag":"x"}', /configuration must be an object/],
    ['a parameter of another type', '{"tag":"x","configuration":{"streaming":{"baseUri":3}}}', /baseUri .* string/],
    ['a client without any address', '{"tag":"x","configuration":{"credential":"sdk-key"}}', /url is missing/],
    [
      'a client without credential',
      '{"tag":"x","configuration":{"streaming":{"baseUri":"http://127.0.0.1:1"}}}',
      /sdkKey/,
    ],
  ])('refuses %s', async (_, body, expected) => {
    const response = await fetch(driver.service.url, { method: 'POST', body });
    expect(response.status).toBe(400);
    expect(await response.text()).toMatch(expected);
  });

  test('knows no other paths, and no clients that it did not create', async () => {
    const { url } = driver.service;
    expect((await fetch(`${url}/other`)).status).toBe(404);
    expect((await fetch(`${url}/clients/4711`, { method: 'POST', body: '{"command":"flushEvents"}' })).status).toBe(
      404,
    );
    expect((await fetch(`${url}/clients/4711`, { method: 'DELETE' })).status).toBe(404);
  });

  test.each([
    ['an unknown command', { command: 'dance' }, /unknown command "dance"/],
    ['a body without command', {}, /command must be a string/],
    ['a command without its parameters', { command: 'evaluate' }, /evaluate must be an object/],
    ['a parameter of another type', { command: 'evaluate', evaluate: { flagKey: 3 } }, /evaluate.flagKey/],
  ])('refuses %s', async (_, body, expected) => {
    const client = await driver.create({ streaming: { baseUri: standIn.serve(streamOf([]).handler).url } });
    const response = await fetch(client.url, { method: 'POST', body: JSON.stringify(body) });
    expect(response.status).toBe(400);
    expect(await response.text()).toMatch(expected);
  });

  test('closes a client with its connection', async () => {
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    const stream = streamOf([flagOf('flag')]);
    const endpoint = standIn.serve((request, response) => {
      response.on('close', resolve);
      stream.handler(request, response);
    });
    const client = await driver.create({ streaming: { baseUri: endpoint.url } });
    expect(await client.evaluate('flag')).toBe(true);
    expect((await fetch(client.url, { method: 'DELETE' })).status).toBe(200);
    await closed;
    expect((await fetch(client.url, { method: 'POST', body: '{"command":"flushEvents"}' })).status).toBe(404);
  });
});

describe('a client that gets no flags', () => {
  const silent = createMockStream();

  test('is not created when it has to wait for too long', async () => {
    const endpoint = standIn.serve(silent.handler);
    const response = await driver.tryCreate({ startWaitTimeMs: 1, streaming: { baseUri: endpoint.url } });
    expect(response.status).toBe(500);
    expect(await response.text()).toMatch(/no flags in time/);
  });

  test('is created all the same when that is allowed, and serves default values without events', async () => {
    const endpoint = standIn.serve(silent.handler);
    const events = standIn.serve(withStatus(202));
    const client = await driver.create({
      startWaitTimeMs: 1,
      initCanFail: true,
      streaming: { baseUri: endpoint.url },
      events: { baseUri: events.url },
    });
    expect(await client.detail('flag', ann, 'default')).toEqual({
      value: 'default',
      reason: { kind: 'ERROR', errorKind: 'CLIENT_NOT_READY' },
    });
    expect(await client.command('evaluateAll', { context: ann })).toEqual({
      state: { $flagsState: {}, $valid: false },
    });
    await client.command('flushEvents');
    expect(events.requests.left).toBe(0);
  });

  test.each([401, 403, 405])('does not wait when the server answers %i', async (status) => {
    const endpoint = standIn.serve(withStatus(status));
    const startWaitTimeMs = 3_600_000;
    const response = await driver.tryCreate({ startWaitTimeMs, streaming: { baseUri: endpoint.url } });
    expect(response.status).toBe(500);
    expect(await response.text()).toContain(String(status));
    const client = await driver.create({ startWaitTimeMs, initCanFail: true, streaming: { baseUri: endpoint.url } });
    expect(await client.evaluate('flag', ann, 'default')).toBe('default');
    // One request for each of the two clients: neither asked again.
    await Promise.all([endpoint.requests.next(), endpoint.requests.next()]);
    expect(endpoint.requests.left).toBe(0);
  });
});

describe('the program', () => {
  const program = join(import.meta.dirname, 'main.ts');
  const run = (...programArguments: string[]) =>
    spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, ...programArguments]);

  test('serves until the harness stops it, and ends well', async () => {
    const child = run('--port', '0');
    const [line] = await once(createInterface(child.stdout), 'line');
    const url = /http:\S+/.exec(line)?.[0] ?? '';
    expect((await fetch(url)).status).toBe(200);
    const stream = standIn.serve(streamOf([flagOf('flag')]).handler);
    const body = JSON.stringify({ tag: '', configuration: { credential: 'k', streaming: { baseUri: stream.url } } });
    const created = await fetch(url, { method: 'POST', body });
    expect(await driveClient(created.headers.get('location') ?? '').evaluate('flag')).toBe(true);
    const exited = once(child, 'exit');
    expect((await fetch(url, { method: 'DELETE' })).status).toBe(200);
    expect(await exited).toEqual([0, null]);
  });

  test('refuses a port that is none', async () => {
    const child = run('--port', 'http');
    const [line] = await once(createInterface(child.stderr), 'line');
    expect(line).toBe('--port must be an integer from 0 to 65535, got http');
    const [code] = child.exitCode === null ? await once(child, 'exit') : [child.exitCode];
    expect(code).toBe(2);
  });
});
