import { EventEmitter } from 'node:events';
import type { AnsweredRequest } from '@sluice/sdk-common';
import { createFakeLog, FakeClock } from '@sluice/testkit';
import { expect, test } from 'vitest';
import { Scopes, type Work } from './scopes.ts';

/** Lets a request of 20 ms be answered; returns what is counted of it, and what is logged. */
async function answer(work: Partial<Work>): Promise<{ counted: readonly AnsweredRequest[]; lines: readonly string[] }> {
  const clock = new FakeClock();
  const { lines, ...log } = createFakeLog();
  const counted: AnsweredRequest[] = [];
  const telemetry = { request: (request: AnsweredRequest) => void counted.push(request) };
  const elapsed = () => clock.elapsed();
  const scopes = new Scopes({ context: undefined, ambient: [] }, { session: 's-1', log, telemetry, elapsed });
  const scope = scopes.open({ method: 'GET', findRoute: () => '/items/:id', findIp: () => undefined, ...work });
  const response = Object.assign(new EventEmitter(), { statusCode: 200 });
  scopes.bindResponse(scope, response);
  scopes.run(scope, () => scopes.enrich({ account: { key: '42' } }));
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
