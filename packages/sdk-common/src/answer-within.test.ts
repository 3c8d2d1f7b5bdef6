import { createFakePlatform, type FakeExchange, settle } from '@sluice/testkit';
import { expect, test } from 'vitest';
import { answerWithin } from './answer-within.ts';

function open(): {
  readonly exchange: FakeExchange;
  readonly answer: Promise<string>;
  advance(ms: number): Promise<void>;
} {
  const { clock, http } = createFakePlatform();
  const exchange = http.open({ method: 'GET', url: 'http://server', headers: {} });
  const answer = answerWithin({ timeoutMs: 1000, clock }, exchange, (response) => response.text());
  answer.catch(() => undefined);
  return { exchange, answer, advance: (ms) => clock.advance(ms) };
}

test('an answer in time is used, and its exchange left alone', async () => {
  const { exchange, answer, advance } = open();
  await advance(999);
  exchange.respond(200, 'the answer');
  expect(await answer).toBe('the answer');
  await advance(10_000);
  expect(exchange.isAborted).toBe(false);
});

test.each(['the answer', 'the rest of the answer'])('an exchange is aborted when %s does not come', async (what) => {
  const { exchange, answer, advance } = open();
  if (what !== 'the answer') exchange.open();
  await advance(999);
  expect(exchange.isAborted).toBe(false);
  await advance(1);
  expect(exchange.isAborted).toBe(true);
  await expect(answer).rejects.toThrow('no answer within 1 s');
});

test('an error of the network is passed on as it is', async () => {
  const { exchange, answer } = open();
  exchange.fail(new Error('connection refused'));
  await settle();
  await expect(answer).rejects.toThrow(/^connection refused$/);
});
