import { createRandom } from '@sluice/testkit';
import { describe, expect, test } from 'vitest';
import { ContextSampler } from './context-sampler.ts';

const hourMs = 3_600_000;

function createSampler() {
  let now = 0;
  const sampler = new ContextSampler(() => now);
  return {
    sampler,
    pass: (ms: number) => {
      now += ms;
    },
    see: (...keys: readonly string[]) =>
      sampler.record(
        'e',
        keys.map((key) => ({ kind: 'index', context: { kind: 'user', key } })),
      ),
    take: (most: number) => [...sampler.take(most)].flatMap(([, contexts]) => contexts.map(({ key }) => key)),
  };
}

const users = (count: number) => Array.from({ length: count }, (_, at) => `user-${at}`);

describe('a sampler of contexts', () => {
  test('takes the same contexts whoever saw them, however often, in whatever order', () => {
    const one = createSampler();
    one.see(...users(1000));
    const [two, three] = [createSampler(), createSampler()];
    for (const key of users(1000).reverse()) (key.endsWith('7') ? two : three).see(key, key);
    const sample = one.take(100);
    expect(sample).toHaveLength(100);
    const parts = [...two.sampler.take(100), ...three.sampler.take(100)].flatMap(([, contexts]) => contexts);
    const merged = parts.toSorted((a, b) => (a.hash < b.hash ? -1 : 1)).slice(0, 100);
    expect(merged.map(({ key }) => key)).toEqual(sample);
  });

  test('is uniform: who is in it has nothing to do with who it is', () => {
    const { see, take } = createSampler();
    see(...users(4000).map((key, at) => (at % 4 === 0 ? `paying-${key}` : key)));
    const share = take(1000).filter((key) => key.startsWith('paying')).length / 1000;
    // 4 standard deviations.
    expect(Math.abs(share - 0.25)).toBeLessThan(0.055);
  });

  test('tells of each once an hour', () => {
    const { see, take, pass } = createSampler();
    see('ann', 'ann');
    expect(take(10)).toEqual(['ann']);
    see('ann');
    expect(take(10)).toEqual([]);
    pass(hourMs + 1);
    see('ann');
    expect(take(10)).toEqual(['ann']);
  });

  test('passes over what cannot be in the sample', () => {
    const { sampler, see, take } = createSampler();
    see(...users(100));
    const [[, contexts] = []] = [...sampler.take(10)];
    const highest = contexts?.at(-1)?.hash;
    const { sampler: other } = createSampler();
    other.limit('e', highest);
    other.recordContexts(
      'e',
      users(100).map((key) => ({ kind: 'user', key })),
    );
    expect([...other.take(1000)][0]?.[1]).toHaveLength(10);
    expect(take(1000)).toHaveLength(90);
  });

  test('keeps the lowest of endlessly many', () => {
    const random = createRandom(7);
    const { sampler, see } = createSampler();
    for (let batch = 0; batch < 60; batch++) see(...Array.from({ length: 1000 }, () => `user-${random.next()}`));
    const [[, contexts] = []] = [...sampler.take(100_000)];
    // 60,000 were seen; of each 10,000 that wait half are given up.
    expect(contexts?.length).toBeLessThan(10_000);
    expect(contexts?.length).toBeGreaterThanOrEqual(5000);
    // The lowest 5,000 of 60,000 are all there: one twelfth of all hashes.
    const highest = Number.parseInt(contexts?.[4999]?.hash.slice(0, 8) ?? '', 16) / 2 ** 32;
    expect(Math.abs(highest - 1 / 12)).toBeLessThan(0.006);
  });

  test('takes in nothing that is no context', () => {
    const { sampler } = createSampler();
    sampler.recordContexts('e', [null, 7, { kind: 'instance', key: 'i' }, { kind: 'user', key: 'ann' }]);
    expect([...sampler.take(10)]).toMatchObject([['e', [{ key: 'ann', kinds: ['user'] }]]]);
  });
});
