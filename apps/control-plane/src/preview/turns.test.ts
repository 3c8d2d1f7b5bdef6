import { describe, expect, test } from 'vitest';
import { Turns } from './turns.ts';

const { signal } = new AbortController();

/** Work that ends when it is told to. */
function createWork() {
  const { promise, resolve } = Promise.withResolvers<string>();
  let isStarted = false;
  const start = () => {
    isStarted = true;
    return promise;
  };
  return { start, resolve, isStarted: () => isStarted };
}

describe('turns', () => {
  test('are one at a time, in the order in which they were asked for', async () => {
    const turns = new Turns({ waiting: 8, each: 8 });
    const [first, second] = [createWork(), createWork()];
    const answers = [turns.take('ann', signal, first.start), turns.take('ann', signal, second.start)];
    await expect.poll(first.isStarted).toBe(true);
    expect(second.isStarted()).toBe(false);
    first.resolve('one');
    expect(await answers[0]).toBe('one');
    await expect.poll(second.isStarted).toBe(true);
    second.resolve('two');
    expect(await answers[1]).toBe('two');
  });

  test('go on after work that failed', async () => {
    const turns = new Turns({ waiting: 8, each: 8 });
    await expect(turns.take('ann', signal, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(await turns.take('ann', signal, async () => 'next')).toBe('next');
  });

  test('are not taken by who has gone, and refused to those beyond the bound', async () => {
    const turns = new Turns({ waiting: 2, each: 8 });
    const running = createWork();
    const gone = new AbortController();
    const first = turns.take('ann', signal, running.start);
    const left = expect(turns.take('ann', gone.signal, () => expect.unreachable())).rejects.toThrow('has gone');
    const last = turns.take('ann', signal, async () => 'last');
    await expect(turns.take('ann', signal, async () => 'more')).rejects.toMatchObject({ code: 'too-many-requests' });
    gone.abort();
    running.resolve('done');
    await left;
    expect([await first, await last]).toEqual(['done', 'last']);
    expect(await turns.take('ann', signal, async () => 'again')).toBe('again');
  });

  test('are refused to who has enough of them, and given to others meanwhile', async () => {
    const turns = new Turns({ waiting: 8, each: 2 });
    const running = createWork();
    const gone = new AbortController();
    const first = turns.take('ann', signal, running.start);
    const left = expect(turns.take('ann', gone.signal, () => expect.unreachable())).rejects.toThrow('has gone');
    await expect(turns.take('ann', signal, async () => 'third')).rejects.toMatchObject({
      code: 'too-many-requests',
      message: '2 previews of yours wait already; try again in a few seconds',
    });
    const other = turns.take('bob', signal, async () => 'other');
    // Whoever types on gives up what they asked for before.
    gone.abort();
    const next = turns.take('ann', signal, async () => 'next');
    running.resolve('done');
    await left;
    expect([await first, await other, await next]).toEqual(['done', 'other', 'next']);
  });
});
