import { createFakeLog } from '@sluice/testkit';
import { describe, expect, test } from 'vitest';
import { type Hook, runTrackHooks, runWithHooks } from './hooks.ts';

const series = { flagKey: 'flag', context: { kind: 'user', key: 'ann' }, defaultValue: false, method: 'value' };
const detail = { value: true, variation: 0, reason: { kind: 'OFF' as const } };

function createHook(name: string, calls: unknown[], overrides: Partial<Hook> = {}): Hook {
  return {
    name,
    beforeEvaluation: (_, data) => {
      calls.push(['before', name, data]);
      return { from: name };
    },
    afterEvaluation: (_, data, result) => {
      calls.push(['after', name, data, result.value]);
      return data;
    },
    afterTrack: ({ key }) => void calls.push(['track', name, key]),
    ...overrides,
  };
}

describe('hooks', () => {
  test('run before in their order and after in the opposite one, each with its own data', () => {
    const calls: unknown[] = [];
    const hooks = [createHook('a', calls), createHook('b', calls)];
    const result = runWithHooks(hooks, series, createFakeLog(), () => {
      calls.push('evaluate');
      return detail;
    });
    expect(result).toBe(detail);
    expect(calls).toEqual([
      ['before', 'a', {}],
      ['before', 'b', {}],
      'evaluate',
      ['after', 'b', { from: 'b' }, true],
      ['after', 'a', { from: 'a' }, true],
    ]);
  });

  test('may lack any stage', () => {
    expect(runWithHooks([{ name: 'empty' }], series, createFakeLog(), () => detail)).toBe(detail);
    expect(() =>
      runTrackHooks([{ name: 'empty' }], { key: 'e', context: undefined, data: 1, metricValue: 1 }, createFakeLog()),
    ).not.toThrow();
  });

  test('that throw are logged, and harm nobody', () => {
    const [calls, log]: [unknown[], ReturnType<typeof createFakeLog>] = [[], createFakeLog()];
    const throwing = (): never => {
      throw new Error('rotten');
    };
    const hooks = [
      createHook('bad', calls, { beforeEvaluation: throwing, afterTrack: throwing }),
      createHook('worse', calls, { afterEvaluation: throwing }),
      createHook('good', calls),
    ];
    expect(runWithHooks(hooks, series, log, () => detail)).toBe(detail);
    runTrackHooks(hooks, { key: 'event', context: undefined, data: undefined, metricValue: undefined }, log);
    expect(calls).toEqual([
      ['before', 'worse', {}],
      ['before', 'good', {}],
      ['after', 'good', { from: 'good' }, true],
      ['after', 'bad', {}, true],
      ['track', 'worse', 'event'],
      ['track', 'good', 'event'],
    ]);
    expect(log.lines).toEqual([
      'error: hook bad: beforeEvaluation failed: rotten',
      'error: hook worse: afterEvaluation failed: rotten',
      'error: hook bad: afterTrack failed: rotten',
    ]);
  });
});
