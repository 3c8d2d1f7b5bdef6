import { expect, test } from 'vitest';
import { describeNormal } from './describe-normal.ts';

const call = (mode: string, cause: string, outcome: string, count: number) => ({ mode, cause, outcome, count });

test('says how the normal mode does where some calls try it', () => {
  const calls = [call('normal', 'normal', 'ok', 90), call('cached', 'rule', 'ok', 1000)];
  expect(describeNormal(calls, 'normal')).toBe('90 calls tried normal in the last 5 min, none failed.');
  const worse = [
    ...calls,
    call('normal', 'normal', 'failed', 4),
    call('cached', 'timeout', 'ok', 6),
    call('cached', 'breaker', 'ok', 7),
  ];
  expect(describeNormal(worse, 'normal')).toBe(
    '100 calls tried normal in the last 5 min, 10% failed. The breaker kept 7 from it.',
  );
});

test('claims nothing where no call tries it', () => {
  expect(describeNormal([call('cached', 'rule', 'ok', 1000)], 'normal')).toContain('calls do not tell');
  expect(describeNormal([], 'normal')).toContain('No call tried normal');
});
