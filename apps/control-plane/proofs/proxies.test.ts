import { isInstalled } from '@sluice/testkit';
import { expect, test } from 'vitest';
import { proveProxies } from './proxies.ts';

// `npm run prove -- proxies --full` leaves everybody idle for three minutes.
const canRun = isInstalled('the proof with proxies', 'nginx', 'haproxy');

test.runIf(canRun)(
  'behind nginx and HAProxy, as Debian brings them, a flip arrives within a second',
  async () => {
    const { rows, violations } = await proveProxies({ idleMs: 1000 });
    expect(violations).toEqual([]);
    expect(rows.map(({ proxy, client }) => `${client} behind ${proxy}`)).toEqual([
      'our SDK, which came to stream behind nginx',
      'our SDK by stream, which came to stream behind nginx',
      "LaunchDarkly's SDK behind nginx",
      'our SDK, which came to socket behind HAProxy',
      'our SDK by stream, which came to stream behind HAProxy',
      "LaunchDarkly's SDK behind HAProxy",
    ]);
  },
  60_000,
);
