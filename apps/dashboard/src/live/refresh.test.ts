import { FakeClock, settle } from '@sluice/testkit';
import { QueryClient, QueryObserver } from '@tanstack/react-query';
import { afterEach, expect, test } from 'vitest';
import { createRefresh } from './refresh.ts';

const closings: (() => void)[] = [];
afterEach(() => {
  for (const close of closings.splice(0)) close();
});

function setUp() {
  const clock = new FakeClock();
  const client = new QueryClient({ defaultOptions: { queries: { staleTime: Number.POSITIVE_INFINITY } } });
  const refresh = createRefresh(client, (delayMs, call) => clock.after(delayMs, call));
  client.mount();
  closings.push(
    () => client.unmount(),
    refresh.stop,
    () => client.clear(),
  );
  /** A query that is shown; each time that it is asked it waits until it is answered. */
  const show = (...queryKey: readonly string[]) => {
    const asked: { answer(): Promise<void>; readonly signal: AbortSignal }[] = [];
    const observer = new QueryObserver(client, {
      queryKey,
      queryFn: ({ signal }) =>
        new Promise<number>((resolve) => {
          const at = asked.length;
          asked.push({
            signal,
            answer: async () => {
              resolve(at);
              await settle();
            },
          });
        }),
    });
    closings.push(observer.subscribe(() => undefined));
    return asked;
  };
  return { clock, refresh, show };
}

test('what is shown is asked again by the beginning of its key, and nothing else', async () => {
  const { refresh, show } = setUp();
  const [flag, other] = [show('shop', 'production', 'flag', 'a'), show('shop', 'production', 'flag', 'b')];
  for (const [first] of [flag, other]) await first?.answer();
  refresh([['shop', 'production', 'flag', 'a']]);
  expect([flag.length, other.length]).toEqual([2, 1]);
});

test('what becomes old many times within half a second is asked once more', async () => {
  const { clock, refresh, show } = setUp();
  const now = show('shop', 'production', 'now');
  await now[0]?.answer();
  refresh([['shop', 'production']]);
  await now[1]?.answer();
  for (let more = 0; more < 10; more++) refresh([['shop', 'production', 'now']]);
  await clock.advance(499);
  expect(now).toHaveLength(2);
  await clock.advance(1);
  expect(now).toHaveLength(3);
  await now[2]?.answer();
  await clock.advance(5000);
  expect(now).toHaveLength(3);
});

test('what is on its way is let come, and asked again then: it may be of before', async () => {
  const { clock, refresh, show } = setUp();
  const flags = show('shop', 'production', 'flags');
  refresh([['shop', 'production', 'flags']]);
  await clock.advance(5000);
  expect(flags).toHaveLength(1);
  expect(flags[0]?.signal.aborted).toBe(false);
  await flags[0]?.answer();
  await clock.advance(500);
  expect(flags).toHaveLength(2);
  await flags[1]?.answer();
  await clock.advance(5000);
  expect(flags).toHaveLength(2);
});
