import { startTestServer, type TestServer } from '@sluice/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const path = '/projects/default/environments/production/evaluate';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
  await server.api('POST', '/projects/default/flags', { key: 'checkout' });
  await server.api('POST', '/projects/default/flags', { key: 'search' });
  await server.api('POST', '/projects/default/flags', { key: 'resting' });
  await server.api('POST', '/projects/default/flags', { key: 'archived' });
  await server.api('PATCH', '/projects/default/flags/archived', { archived: true });
  await server.change({
    instructions: [
      { kind: 'create-segment', segment: 'beta' },
      { kind: 'add-members', segment: 'beta', keys: ['ben'] },
      { kind: 'turn-on', flag: 'checkout' },
      { kind: 'add-targets', flag: 'checkout', variation: 'off', keys: ['tom'] },
      {
        kind: 'add-rule',
        flag: 'checkout',
        rule: { id: 'testers', clauses: [{ op: 'segmentMatch', values: ['beta'] }], variation: 'off' },
      },
      {
        kind: 'add-rule',
        flag: 'checkout',
        rule: {
          id: 'office',
          clauses: [{ contextKind: 'request', attribute: 'ip', op: 'cidr', values: ['10.0.0.0/8'] }],
          variation: 'off',
        },
      },
      { kind: 'turn-on', flag: 'search' },
      { kind: 'add-prerequisite', flag: 'search', prerequisite: { flag: 'checkout', variation: 'off' } },
    ],
  });
});

afterAll(() => server.close());

async function explain(flag: string, context: unknown) {
  return server.api('POST', path, { flag, context });
}

describe('an explanation', () => {
  test.each<[string, object, boolean, string, string]>([
    ['resting', { kind: 'user', key: 'ann' }, false, 'OFF', 'the flag is off: everybody gets `off`'],
    ['checkout', { kind: 'user', key: 'tom' }, false, 'TARGET_MATCH', 'the context is a target of `off`'],
    [
      'checkout',
      { kind: 'user', key: 'ben' },
      false,
      'RULE_MATCH',
      'rule 1 (`testers`) matches, if is in segment "beta": serves `off`',
    ],
    [
      'checkout',
      { kind: 'request', key: 'r', ip: '10.1.2.3' },
      false,
      'RULE_MATCH',
      'rule 2 (`office`) matches, if request ip is in the network "10.0.0.0/8": serves `off`',
    ],
    ['checkout', { kind: 'user', key: 'ann' }, true, 'FALLTHROUGH', 'no rule matches: by default the flag serves `on`'],
    [
      'search',
      { kind: 'user', key: 'ann' },
      false,
      'PREREQUISITE_FAILED',
      'flag `checkout` does not serve what this flag requires: `off`',
    ],
    ['search', { kind: 'user', key: 'tom' }, true, 'FALLTHROUGH', 'by default the flag serves `on`'],
    ['checkout', { key: 'tom', custom: { plan: 'pro' } }, false, 'TARGET_MATCH', 'the context is a target of `off`'],
  ])('of %s for %j says what decided', async (flag, context, value, kind, because) => {
    const { status, body } = await explain(flag, context);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      flag,
      value,
      variation: value ? 0 : 1,
      variationId: value ? 'on' : 'off',
      reason: { kind },
      because,
    });
  });

  test('is given with what SDKs have now', async () => {
    expect((await explain('resting', { kind: 'user', key: 'ann' })).body.value).toBe(false);
    await server.change({ flag: 'resting', instructions: [{ kind: 'turn-on' }] });
    expect((await explain('resting', { kind: 'user', key: 'ann' })).body.value).toBe(true);
    await server.change({ flag: 'resting', instructions: [{ kind: 'turn-off' }] });
  });

  test.each<[unknown, string, string]>([
    [{ kind: 'user' }, 'context', 'a context needs a key (a string, not empty), got undefined'],
    [{ kind: 'kind', key: 'a' }, 'context', 'is not "kind" or "multi", got "kind"'],
    [{ kind: 7, key: 'a' }, 'context', 'a context needs a kind (a string), got a number'],
    [{ kind: 'multi' }, 'context', 'a multi-kind context must have at least one kind'],
    [{ kind: 'multi', user: 'ann' }, 'context', 'the attributes of a context must be an object, got a string'],
    [{}, 'context.key', 'expected string, number or boolean, got nothing'],
    [{ key: { a: 1 } }, 'context.key', 'expected string, number or boolean, got {"a":1}'],
    [{ key: 'a', privateAttributeNames: 'email' }, 'context.privateAttributeNames', 'expected array, got "email"'],
    [{ key: 'a', privateAttributeNames: [7] }, 'context.privateAttributeNames[0]', 'expected string, got 7'],
    [{ key: 'a', custom: 'x' }, 'context.custom', 'expected object, got "x"'],
    ['ann', 'context', 'expected object, got "ann"'],
    [undefined, 'context', 'expected object, got nothing'],
  ])('is refused for the context %j', async (context, where, message) => {
    const { status, body } = await explain('checkout', context);
    expect(status).toBe(400);
    expect(body).toMatchObject({
      code: 'invalid-request',
      errors: [{ path: where, message: expect.stringContaining(message) }],
    });
  });

  test.each(['gone', 'archived'])('is not there for a flag that SDKs do not have: %s', async (flag) => {
    expect((await explain(flag, { kind: 'user', key: 'ann' })).status).toBe(404);
  });
});
