import { breakSomewhere } from '@sluice/testkit';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseConfiguration, toOptions } from './configuration.ts';
import { RequestError } from './request-error.ts';

const url = 'http://127.0.0.1:1';
const whole = {
  tag: 'a test',
  configuration: {
    credential: 'sdk-1',
    startWaitTimeMs: 100,
    initCanFail: true,
    serviceEndpoints: { streaming: url, polling: url, events: url },
    streaming: { baseUri: url, initialRetryDelayMs: 1 },
    polling: { baseUri: url, pollIntervalMs: 100 },
    dataSystem: {
      initializers: [{ polling: { baseUri: url } }],
      synchronizers: [{ streaming: { baseUri: url } }, { polling: { baseUri: url, pollIntervalMs: 0 } }],
    },
    events: { baseUri: url, capacity: 0, globalPrivateAttributes: ['email'], flushIntervalMs: 1, enableGzip: true },
    bigSegments: { callbackUri: url, userCacheSize: 1, staleAfterMs: 1 },
    tags: { applicationId: 'shop', applicationVersion: null },
    hooks: { hooks: [{ name: 'h', callbackUri: url, data: { beforeEvaluation: { a: 1 } }, errors: {} }] },
    wrapper: { name: 'w', version: '1' },
  },
};

describe('what the harness asks for', () => {
  test('is answered 400 with what is wrong, or makes options for a client, whatever it is', () => {
    let taken = 0;
    fc.assert(
      fc.property(breakSomewhere(fc.constant(whole)), (body) => {
        let configuration: ReturnType<typeof parseConfiguration>['configuration'];
        try {
          ({ configuration } = parseConfiguration(body));
        } catch (error) {
          expect(error).toBeInstanceOf(RequestError);
          expect(error).toMatchObject({ status: 400 });
          return;
        }
        taken++;
        const options = toOptions(configuration, { notify: async () => undefined } as never);
        expect(options.cacheFolder).toBe(false);
      }),
      { numRuns: 2000 },
    );
    expect(taken).toBeGreaterThan(200);
  });
});
