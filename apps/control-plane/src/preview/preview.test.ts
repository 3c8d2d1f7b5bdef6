import { connect } from 'node:net';
import { buildVariations, startTestServer, type TestServer } from '@sluice/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const production = '/projects/default/environments/production';

let server: TestServer;
/** The server's clock. */
let now = Date.now();

beforeAll(async () => {
  server = await startTestServer({ platform: { now: () => now } });
  const { db, contexts } = server.running.context;
  const { id } = await db
    .selectFrom('environments')
    .select('id')
    .where('key', '=', 'production')
    .executeTakeFirstOrThrow();
  contexts.recordContexts(
    id,
    Array.from({ length: 40 }, (_, at) => ({
      kind: 'user',
      key: `user-${at}`,
      plan: at < 10 ? 'business' : 'free',
      country: at % 2 === 0 ? 'NL' : 'DE',
    })),
  );
  await contexts.flush();
});

afterAll(() => server.close());

async function createFlag(key: string, ...instructions: readonly object[]): Promise<void> {
  const definition = { key, variations: buildVariations('on', 'blue', 'off') };
  expect((await server.api('POST', '/projects/default/flags', definition)).status).toBe(201);
  await server.change({ flag: key, instructions: [{ kind: 'turn-on' }, ...instructions] });
}

async function preview(body: object) {
  const answer = await server.api('POST', `${production}/changes/preview`, body);
  expect([answer.status, answer.body.title]).toEqual([200, undefined]);
  return answer.body;
}

const toFallthrough = (variation: string) => ({ kind: 'set-fallthrough', variation });
const forPlan = (plan: string, id = plan) => ({
  kind: 'add-rule',
  rule: { id, clauses: [{ attribute: 'plan', op: 'in', values: [plan] }], variation: 'blue' },
});

describe('a preview', () => {
  test('says who would get another answer, from what to what, and at which line', async () => {
    await createFlag('checkout', toFallthrough('off'), { kind: 'add-targets', variation: 'on', keys: ['user-0'] });
    const { version } = (await server.api('GET', `${production}/flags/checkout`)).body;
    const body = await preview({ flag: 'checkout', instructions: [forPlan('business')] });
    expect(body).toMatchObject({
      flag: 'checkout',
      effects: [{ kind: 'flag', key: 'checkout', text: expect.stringContaining('business') }],
      sampled: 40,
      seen: 40,
      oldestAt: expect.any(Number),
      changed: 9,
      sharePercent: 22.5,
      // All that were seen are in the sample.
      marginPercent: 0,
      transitions: [{ from: 'off', to: 'blue', count: 9 }],
      lines: {
        before: [
          { kind: 'target', variation: 'on', contextKind: 'user', count: 1 },
          { kind: 'fallthrough', count: 39 },
          { kind: 'off', count: 0 },
        ],
        after: [
          { kind: 'target', variation: 'on', contextKind: 'user', count: 1 },
          { kind: 'rule', rule: 'business', count: 9 },
          { kind: 'fallthrough', count: 30 },
          { kind: 'off', count: 0 },
        ],
      },
      flags: [{ flag: 'checkout', changed: 9, sharePercent: 22.5 }],
    });
    expect(body.examples).toHaveLength(9);
    expect(body.examples[0]).toMatchObject({ kind: 'user', context: { plan: 'business' }, from: 'off', to: 'blue' });
    // Nothing of it is kept.
    expect((await server.api('GET', `${production}/flags/checkout`)).body.version).toBe(version);
  });

  test('of a segment concerns the flags that ask it, and those that require them', async () => {
    await server.change({ instructions: [{ kind: 'create-segment', segment: 'dutch' }] });
    const asks = { clauses: [{ op: 'segmentMatch', values: ['dutch'] }], variation: 'blue' };
    await createFlag('asking', { kind: 'add-rule', rule: asks });
    await createFlag('requiring', { kind: 'add-prerequisite', prerequisite: { flag: 'asking', variation: 'on' } });
    await createFlag('aside');
    const rule = { clauses: [{ attribute: 'country', op: 'in', values: ['NL'] }] };
    const body = await preview({ segment: 'dutch', instructions: [{ kind: 'add-segment-rule', rule }] });
    expect(body.flags).toMatchObject([
      { flag: 'asking', changed: 20, sharePercent: 50 },
      { flag: 'requiring', changed: 20, sharePercent: 50 },
    ]);
    expect(body).toMatchObject({ flag: 'asking', transitions: [{ from: 'on', to: 'blue', count: 20 }] });
    const turned = await preview({ flag: 'asking', instructions: [{ kind: 'turn-off' }] });
    expect(turned.flags).toMatchObject([
      { flag: 'asking', changed: 40 },
      { flag: 'requiring', changed: 40 },
    ]);
  });

  test('tells a flag that is new, and one that goes, from the default value of the caller', async () => {
    const definition = { variations: [{ value: 'x' }, { value: 'y' }] };
    expect(await preview({ instructions: [{ kind: 'create-flag', flag: 'new', definition }] })).toMatchObject({
      flag: 'new',
      changed: 40,
      transitions: [{ from: null, to: 'y', count: 40 }],
      lines: {
        before: [
          { kind: 'fallthrough', count: 0 },
          { kind: 'off', count: 0 },
          { kind: 'error', count: 40 },
        ],
      },
    });
    await createFlag('going');
    expect(await preview({ flag: 'going', instructions: [{ kind: 'delete' }] })).toMatchObject({
      transitions: [{ from: 'on', to: null, count: 40 }],
    });
  });

  test('of what changes nothing for anybody says so, and what cannot be followed is refused as ever', async () => {
    await createFlag('calm');
    expect(await preview({ flag: 'calm', instructions: [forPlan('nobody-has-it')] })).toMatchObject({
      changed: 0,
      sharePercent: 0,
      transitions: [],
      examples: [],
    });
    const instructions = [{ kind: 'set-fallthrough', variation: 'green' }];
    const [previewed, planned] = [
      await server.api('POST', `${production}/changes/preview`, { flag: 'calm', instructions }),
      await server.api('POST', `${production}/changes`, { flag: 'calm', instructions, dryRun: true }),
    ];
    expect([previewed.status, previewed.body.errors]).toEqual([planned.status, planned.body.errors]);
    expect(previewed.status).toBe(422);
  });

  test('where nobody was seen is about nobody', async () => {
    const path = '/projects/default/environments/staging/changes/preview';
    const { body } = await server.api('POST', path, { flag: 'calm', instructions: [{ kind: 'turn-on' }] });
    expect(body).toMatchObject({ sampled: 0, seen: 0, changed: 0, sharePercent: 0, marginPercent: 100 });
    expect(body).not.toHaveProperty('oldestAt');
  });

  test('of going back to a time says it for each flag', async () => {
    for (const key of ['back-a', 'back-b']) await createFlag(key);
    now += 60_000;
    await server.change({ flag: 'back-a', instructions: [forPlan('business')] });
    await server.change({ flag: 'back-b', instructions: [toFallthrough('blue')] });
    const ask = (body: object) => server.api('POST', `${production}/revert-since/preview`, { since: now, ...body });
    const { status, body } = await ask({});
    expect([status, body.flags.map(({ flag, changed }: never) => [flag, changed]).sort()]).toEqual([
      200,
      [
        ['back-a', 10],
        ['back-b', 40],
      ],
    ]);
    expect((await ask({ deselect: ['flag:back-b'] })).body).toMatchObject({
      flags: [{ flag: 'back-a' }],
      transitions: [{ from: 'blue', to: 'on', count: 10 }],
    });
    expect((await ask({ since: now + 1 })).body).toMatchObject({ flags: [], changed: 0, effects: [] });
    expect((await server.findServed('back-b')).fallthrough).toEqual({ variation: 1 });
  });

  test('ends when whoever asked has gone, and the next has its turn', async () => {
    const body = JSON.stringify({ flag: 'calm', instructions: [{ kind: 'turn-off' }] });
    const { port } = new URL(server.url);
    for (let count = 0; count < 4; count++) {
      const socket = connect(Number(port), '127.0.0.1');
      const headers = [`authorization: Bearer ${server.apiToken}`, 'host: x', 'content-type: application/json'];
      const head = [`POST /api/v1${production}/changes/preview HTTP/1.1`, ...headers, `content-length: ${body.length}`];
      await new Promise<void>((resolve) => socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, resolve));
      socket.destroy();
    }
    expect(await preview({ flag: 'calm', instructions: [{ kind: 'turn-off' }] })).toMatchObject({ changed: 40 });
  });
});

test('the lines of a flag say how many contexts they decide for', async () => {
  await createFlag('before-it', forPlan('business'));
  await createFlag(
    'lined',
    { kind: 'add-prerequisite', prerequisite: { flag: 'before-it', variation: 'on' } },
    { kind: 'add-targets', variation: 'on', keys: ['user-20', 'user-21'] },
    { kind: 'add-targets', variation: 'off', contextKind: 'account', keys: ['user-22'] },
    {
      kind: 'add-rule',
      rule: { id: 'dutch', clauses: [{ attribute: 'country', op: 'in', values: ['NL'] }], variation: 'blue' },
    },
  );
  const { body } = await server.api('GET', `${production}/flags/lined/decided`);
  expect(body).toMatchObject({ flag: 'lined', sampled: 40, seen: 40 });
  expect(body.lines).toEqual([
    { kind: 'prerequisite', prerequisite: 'before-it', count: 10 },
    { kind: 'target', variation: 'on', contextKind: 'user', count: 2 },
    { kind: 'target', variation: 'off', contextKind: 'account', count: 0 },
    { kind: 'rule', rule: 'dutch', count: 14 },
    { kind: 'fallthrough', count: 14 },
    { kind: 'off', count: 0 },
  ]);
  expect((await server.api('GET', `${production}/flags/absent/decided`)).status).toBe(404);

  // Explaining names the same lines.
  const lineOf = async (context: object) =>
    (await server.api('POST', `${production}/evaluate`, { flag: 'lined', context })).body.line;
  expect(await lineOf({ kind: 'user', key: 'a', plan: 'business' })).toEqual({
    kind: 'prerequisite',
    prerequisite: 'before-it',
  });
  expect(await lineOf({ kind: 'user', key: 'user-20' })).toEqual({
    kind: 'target',
    variation: 'on',
    contextKind: 'user',
  });
  expect(await lineOf({ kind: 'account', key: 'user-22' })).toEqual({
    kind: 'target',
    variation: 'off',
    contextKind: 'account',
  });
  expect(await lineOf({ kind: 'user', key: 'a', country: 'NL' })).toEqual({ kind: 'rule', rule: 'dutch' });
  expect(await lineOf({ kind: 'user', key: 'a' })).toEqual({ kind: 'fallthrough' });
  await server.change({ flag: 'lined', instructions: [{ kind: 'turn-off' }] });
  expect(await lineOf({ kind: 'user', key: 'a' })).toEqual({ kind: 'off' });
});
