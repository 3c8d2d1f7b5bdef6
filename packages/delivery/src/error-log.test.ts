import { createFakeServerPlatform, createTestLog, type TestLog } from '@sluice/testkit';
import { beforeEach, describe, expect, test } from 'vitest';
import { ErrorLog } from './error-log.ts';

let platform: ReturnType<typeof createFakeServerPlatform>;
let log: TestLog;
let errors: ErrorLog;

beforeEach(() => {
  platform = createFakeServerPlatform();
  log = createTestLog();
  errors = new ErrorLog(log.log, platform);
});

/** Without what every line has, and with `stack` where there is one. */
function logged(): readonly object[] {
  return log.errors.map((line) => {
    const { level: _, time: __, pid: ___, hostname: ____, err, ...rest } = JSON.parse(line);
    return err === undefined ? rest : { ...rest, stack: String(err.stack).split('\n')[0] };
  });
}

const gone = (): Error => new Error('cannot be answered', { cause: new Error('disk gone') });

describe('errors', () => {
  test('have their stack, and what they were about', () => {
    errors.write(gone(), 'a request failed', { reqId: 'r1' });
    expect(logged()).toEqual([{ msg: 'a request failed', reqId: 'r1', stack: 'Error: cannot be answered' }]);
  });

  test('with the same cause have one stack a second, and how often each came again is told', async () => {
    for (let second = 0; second < 2; second++) {
      for (let request = 0; request < 1000; request++) errors.write(gone(), 'a request failed', { reqId: request });
      for (let flush = 0; flush < 2; flush++) errors.write(new Error('disk gone'), 'counts are lost');
      await platform.clock.advance(1000);
    }
    const ofOneSecond = [
      { msg: 'a request failed', reqId: 0, stack: 'Error: cannot be answered' },
      { msg: 'counts are lost', cause: 'Error: disk gone' },
      { msg: 'a request failed', cause: 'Error: disk gone', times: 999 },
      { msg: 'counts are lost', cause: 'Error: disk gone', times: 1 },
    ];
    expect(logged()).toEqual([...ofOneSecond, ...ofOneSecond]);
  });

  test('that came once are told once', async () => {
    errors.write(gone(), 'a request failed');
    await platform.clock.advance(5000);
    expect(logged()).toHaveLength(1);
  });

  test('with other causes do not wait for each other', () => {
    errors.write(new Error('disk gone'), 'a request failed');
    errors.write(new Error('out of memory'), 'a request failed');
    errors.write('a string', 'a request failed');
    expect(log.errors).toHaveLength(3);
  });

  test('that are not told yet are told at the end, and nothing is left waiting', () => {
    errors.write(gone(), 'a request failed');
    errors.write(gone(), 'a request failed');
    errors.close();
    expect(logged().at(-1)).toEqual({ msg: 'a request failed', cause: 'Error: disk gone', times: 1 });
    expect(platform.clock.waiting).toEqual([]);
  });
});
