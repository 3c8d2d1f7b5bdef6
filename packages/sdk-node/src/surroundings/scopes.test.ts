import { EventEmitter } from 'node:events';
import type { AnsweredRequest } from '@sluice/sdk-common';
import { createFakeLog, FakeClock } from '@sluice/testkit';
import { expect, test } from 'vitest';
import { Scopes, type Work } from './scopes.ts';

/** Lets a request of 20 ms be answered; returns what is counted of it, and what is logged. */
async function answer(
  work: Partial<Work>,
  arms: readonly string[] = [],
): Promise<{ counted: readonly AnsweredRequest[]; lines: readonly string[] }> {
  const clock = new FakeClock();
  const { lines, ...log } = createFakeLog();
  const counted: AnsweredRequest[] = [];
  const telemetry = { request: (request: AnsweredRequest) => void counted.push(request) };
  const elapsed = () => clock.elapsed();
  const scopes = new Scopes({ context: undefined, ambient: [] }, { session: 's-1', log, telemetry, elapsed });
  const scope = scopes.open({ method: 'GET', findRoute: () => '/items/:id', findIp: () => undefined, ...work });
  const response = Object.assign(new EventEmitter(), { statusCode: 200 });
  scopes.bindResponse(scope, response);
  scopes.run(scope, () => {
    scopes.enrich({ account: { key: '42' } });
    for (const arm of arms) scopes.arm(arm);
  });
  await clock.advance(20);
  response.statusCode = 503;
  response.emit('finish');
  response.emit('close');
  return { counted, lines };
}

test('a request is counted once, when its response closes, with the status that it has then', async () => {
  const request = { route: '/items/:id', method: 'GET', status: 503, durationMs: 20, account: '42' };
  expect(await answer({})).toEqual({ counted: [request], lines: [] });
});

test('a request whose route cannot be told breaks nothing', async () => {
  const findRoute = (): never => {
    throw new Error('no router');
  };
  const lines = ['warn: a request could not be counted: no router'];
  expect(await answer({ findRoute })).toEqual({ counted: [], lines });
});

test('a request is counted for the arm that was said last', async () => {
  const { counted } = await answer({}, ['control', 'treated']);
  expect(counted).toMatchObject([{ arm: 'treated' }]);
});

test.each([
  ['', 'warn: arm: expected a text of 1 to 256 characters, got ""'],
  ['x'.repeat(257), `warn: arm: expected a text of 1 to 256 characters, got "${'x'.repeat(59)}`],
  [true as unknown as string, 'warn: arm: expected a text of 1 to 256 characters, got true'],
])('an arm that is none is said, and changes nothing', async (wrong, line) => {
  const { counted, lines } = await answer({}, ['treated', wrong]);
  expect(counted).toMatchObject([{ arm: 'treated' }]);
  expect(lines).toEqual([line]);
});

test('an arm outside of any request is said, and breaks nothing', () => {
  const { lines, ...log } = createFakeLog();
  const scopes = new Scopes(
    { context: undefined, ambient: [] },
    { session: 's-1', log, telemetry: undefined, elapsed: () => 0 },
  );
  scopes.arm('treated');
  expect(lines).toEqual(['warn: arm: there is no request, job or message around this call']);
});
