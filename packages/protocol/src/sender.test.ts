import { describe, expect, test } from 'vitest';
import { planTransfer } from './index.ts';

const current = { epoch: 'e1', version: 7 };

describe('a client that connects', () => {
  test('without a selector is sent everything', () => {
    expect(planTransfer(undefined, current)).toEqual({ intent: 'xfer-full', reason: 'payload-missing', since: 0 });
  });

  test.each([0, 7, 8])('with a selector of another epoch is sent everything, whatever its version (%i)', (version) => {
    expect(planTransfer({ epoch: 'e0', version }, current)).toEqual({
      intent: 'xfer-full',
      reason: 'cant-catchup',
      since: 0,
    });
  });

  test.each([0, 1, 6])('with an older version (%i) is sent what changed since', (version) => {
    expect(planTransfer({ epoch: 'e1', version }, current)).toEqual({
      intent: 'xfer-changes',
      reason: 'stale',
      since: version,
    });
  });

  test('with the current version is told that it has everything', () => {
    expect(planTransfer({ epoch: 'e1', version: 7 }, current)).toMatchObject({ intent: 'none', reason: 'up-to-date' });
  });

  test('that is ahead of the source is sent nothing yet', () => {
    expect(planTransfer({ epoch: 'e1', version: 8 }, current)).toBeUndefined();
  });
});
