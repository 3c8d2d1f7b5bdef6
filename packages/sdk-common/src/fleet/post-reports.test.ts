import type { Notice, Report } from '@sluice/protocol';
import { createFakePlatform, settle } from '@sluice/testkit';
import { describe, expect, test } from 'vitest';
import { createPostReports, type PostReports } from './post-reports.ts';

const reports: readonly Report[] = [{ kind: 'goodbye' }];

function create() {
  const platform = createFakePlatform();
  const post = createPostReports({ baseUrl: 'http://server', headers: { authorization: 'key' } }, platform);
  return { platform, post };
}

/** What a post resolves with, for tests that move the clock meanwhile. */
function follow(post: PostReports): { notices: readonly Notice[] | 'waiting' } {
  const followed: { notices: readonly Notice[] | 'waiting' } = { notices: 'waiting' };
  void post(reports).then((notices) => {
    followed.notices = notices;
  });
  return followed;
}

describe('reports', () => {
  test('are posted as one list, and what the server says is passed on', async () => {
    const { platform, post } = create();
    const notices = post(reports);
    expect(platform.http.last.request).toEqual({
      method: 'POST',
      url: 'http://server/sdk/v1/reports',
      headers: { authorization: 'key', 'content-type': 'application/json' },
      body: '[{"kind":"goodbye"}]',
    });
    platform.http.last.respond(
      200,
      '{"events":[{"event":"fleet","data":{"delayMs":0,"spreadMs":20,"heartbeatMs":10000}}]}',
    );
    expect(await notices).toEqual([{ event: 'fleet', delayMs: 0, spreadMs: 20, heartbeatMs: 10_000 }]);
    expect(platform.clock.waiting).toEqual([]);
  });

  test.each(['', '<html>', 'null', '{"events":5}'])('lead to nothing when the answer is %j', async (body) => {
    const { platform, post } = create();
    const notices = post(reports);
    platform.http.last.respond(200, body);
    expect(await notices).toEqual([]);
  });

  test('are lost when the network breaks, before the answer or in it', async () => {
    const { platform, post } = create();
    const before = post(reports);
    platform.http.last.fail(new Error('refused'));
    expect(await before).toEqual([]);
    const within = post(reports);
    platform.http.last.open(200);
    platform.http.last.push('{"events"');
    platform.http.last.fail(new Error('reset'));
    expect(await within).toEqual([]);
  });

  test('are given up when the server says nothing for ten seconds', async () => {
    const { platform, post } = create();
    const followed = follow(post);
    await platform.clock.advance(9999);
    expect(followed.notices).toBe('waiting');
    await platform.clock.advance(1);
    expect(followed.notices).toEqual([]);
    expect(platform.http.last.isAborted).toBe(true);
  });

  test.each([302, 400, 408, 429, 500, 503])('are posted again after a %i', async (status) => {
    const { platform, post } = create();
    for (let times = 1; times <= 3; times++) {
      const notices = post(reports);
      expect(platform.http.exchanges).toHaveLength(times);
      platform.http.last.respond(status);
      expect(await notices).toEqual([]);
    }
  });

  test.each([401, 403, 404, 405, 413])('are kept back for five minutes after a %i', async (status) => {
    const { platform, post } = create();
    void post(reports);
    platform.http.last.respond(status);
    await settle();
    platform.clock.setTimeOfDay(4_000_000_000_000);
    await platform.clock.advance(299_999);
    expect(await post(reports)).toEqual([]);
    expect(platform.http.exchanges).toHaveLength(1);
    await platform.clock.advance(1);
    void post(reports);
    expect(platform.http.exchanges).toHaveLength(2);
  });
});
