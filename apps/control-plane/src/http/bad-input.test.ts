import { createTestLog, startTestServer, type TestLog, type TestServer } from '@sluice/testkit';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

const production = '/projects/default/environments/production';

let server: TestServer;
let log: TestLog;
let before: unknown;

beforeAll(async () => {
  log = createTestLog();
  server = await startTestServer({ log: log.log });
  await server.api('POST', '/projects/default/flags', { key: 'checkout' });
  await server.api('POST', '/projects/default/flags', { key: 'search' });
  await server.change({
    flag: 'search',
    instructions: [{ kind: 'add-prerequisite', prerequisite: { flag: 'checkout', variation: 'on' } }],
  });
});

afterAll(() => server.close());

/** Everything that is stored. */
async function readDatabase(): Promise<unknown> {
  const { db } = server.running.context;
  const tables = await db.introspection.getTables();
  const contents = await Promise.all(
    tables.map(async ({ name }) => [name, (await sql`select * from ${sql.table(name)}`.execute(db)).rows]),
  );
  return Object.fromEntries(contents);
}

beforeEach(async () => {
  before = await readDatabase();
});

/** Whatever was refused, nothing of it is stored, and the log has nothing to say of it. */
afterEach(async () => {
  expect(await readDatabase()).toEqual(before);
  expect(log.errors).toEqual([]);
});

interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly path: string;
  readonly message: string;
}

/** Expects a problem that names the path, what was expected and what was found. */
async function expectRefused(
  answer: Promise<{ status: number; headers: Headers; body: unknown }>,
  { status, code, path, message }: Refusal,
): Promise<void> {
  const { headers, body, ...given } = await answer;
  expect(headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
  expect(body).toMatchObject({
    type: 'about:blank',
    status,
    code,
    title: expect.any(String),
    requestId: expect.any(String),
    errors: [{ path, message: expect.stringContaining(message) }],
  });
  expect(given.status).toBe(status);
}

/** Bodies of `POST …/changes`. */
const changes: readonly (readonly [name: string, body: unknown, path: string, message: string])[] = [
  ['no object', [1], '', 'expected object, got [1]'],
  ['no instructions', { flag: 'checkout' }, 'instructions', 'expected array, got nothing'],
  [
    'an empty list of instructions',
    { flag: 'checkout', instructions: [] },
    'instructions',
    'expected at least 1 entries, got []',
  ],
  [
    'an unknown instruction',
    { flag: 'checkout', instructions: [{ kind: 'turn-on' }, { kind: 'turn-onn' }] },
    'instructions[1].kind',
    'expected one of "create-flag", "update-definition"',
  ],
  ['an instruction without kind', { flag: 'checkout', instructions: [{}] }, 'instructions[0].kind', 'got nothing'],
  [
    'an instruction that is none',
    { flag: 'checkout', instructions: ['turn-on'] },
    'instructions[0]',
    'expected object, got "turn-on"',
  ],
  [
    'a property that does not belong',
    { flag: 'checkout', instructions: [{ kind: 'turn-on', variation: 'on' }] },
    'instructions[0]',
    'expected no "variation" here',
  ],
  [
    'a missing part',
    { flag: 'checkout', instructions: [{ kind: 'set-off-variation' }] },
    'instructions[0].variation',
    'expected string, got nothing',
  ],
  [
    'a wrong type',
    { flag: 'checkout', instructions: [{ kind: 'add-targets', variation: 'on', keys: 'ann' }] },
    'instructions[0].keys',
    'expected array, got "ann"',
  ],
  [
    'a weight that is no integer',
    {
      flag: 'checkout',
      instructions: [{ kind: 'set-fallthrough', rollout: { variations: [{ variation: 'on', weight: 12.5 }] } }],
    },
    'instructions[0].rollout.variations[0].weight',
    'expected an integer, got 12.5',
  ],
  [
    'a weight below 0',
    {
      flag: 'checkout',
      instructions: [{ kind: 'set-fallthrough', rollout: { variations: [{ variation: 'on', weight: -1 }] } }],
    },
    'instructions[0].rollout.variations[0].weight',
    'expected at least 0, got -1',
  ],
  [
    'a weight above 100,000',
    {
      flag: 'checkout',
      instructions: [{ kind: 'set-fallthrough', rollout: { variations: [{ variation: 'on', weight: 100_001 }] } }],
    },
    'instructions[0].rollout.variations[0].weight',
    'expected at most 100000, got 100001',
  ],
  [
    'a clause value that is none',
    {
      flag: 'checkout',
      instructions: [
        { kind: 'add-rule', rule: { variation: 'on', clauses: [{ attribute: 'a', op: 'in', values: [null] }] } },
      ],
    },
    'instructions[0].rule.clauses[0].values[0]',
    'expected string, number or boolean, got null',
  ],
  [
    'an unknown operator',
    {
      flag: 'checkout',
      instructions: [
        { kind: 'add-rule', rule: { variation: 'on', clauses: [{ attribute: 'a', op: 'is', values: [1] }] } },
      ],
    },
    'instructions[0].rule.clauses[0].op',
    'expected an operator: in, segmentMatch, startsWith',
  ],
  [
    'a context kind that is none',
    { flag: 'checkout', instructions: [{ kind: 'add-targets', contextKind: 'multi', variation: 'on', keys: ['a'] }] },
    'instructions[0].contextKind',
    'neither "kind" nor "multi", got "multi"',
  ],
  [
    'a key that is none',
    { flag: '../etc', instructions: [{ kind: 'turn-on' }] },
    'flag',
    'expected a letter or digit, then at most 255',
  ],
  ['a key that is too long', { flag: 'x'.repeat(257), instructions: [{ kind: 'turn-on' }] }, 'flag', 'at most 255'],
  [
    'a version that is none',
    { flag: 'checkout', instructions: [{ kind: 'turn-on' }], expectedVersion: '1' },
    'expectedVersion',
    'expected number, got "1"',
  ],
  [
    'too long a comment',
    { flag: 'checkout', instructions: [{ kind: 'turn-on' }], comment: 'x'.repeat(5000) },
    'comment',
    'expected at most 4096 characters, got 5000',
  ],
  [
    'half a character',
    { flag: 'checkout', instructions: [{ kind: 'turn-on' }], comment: 'a\ud800b' },
    'comment',
    'expected whole characters, got half of a surrogate pair',
  ],
  [
    'a NUL',
    { flag: 'checkout', instructions: [{ kind: 'turn-on' }], comment: 'a\0b' },
    'comment',
    'expected text without the character NUL (\\u0000)',
  ],
  [
    'a NUL in a name',
    { flag: 'checkout', instructions: [{ kind: 'turn-on', 'a\0b': 1 }] },
    'instructions[0].a\0b',
    'in the name: expected text without the character NUL (\\u0000)',
  ],
];

describe('a change is refused that has', () => {
  test.each(changes)('%s', async (_, body, path, message) => {
    await expectRefused(server.api('POST', `${production}/changes`, body), {
      status: 400,
      code: 'invalid-request',
      path,
      message,
    });
  });

  test.each<[string, unknown, string, string]>([
    [
      'a variation that is not there',
      [{ kind: 'set-fallthrough', variation: 'blue' }],
      'instructions[0].variation',
      'flag `checkout` has the variations `on` and `off`, got `blue`',
    ],
    [
      'weights that do not sum to 100,000',
      [{ kind: 'set-fallthrough', rollout: { variations: [{ variation: 'on', weight: 1 }] } }],
      'instructions[0].rollout.variations',
      'weights must sum to 100000 (thousandths of a percent; 25% is 25000), got 1',
    ],
    [
      'a segment that is not there',
      [{ kind: 'add-rule', rule: { variation: 'on', clauses: [{ op: 'segmentMatch', values: ['beta'] }] } }],
      'instructions[0].rule.clauses[0].values[0]',
      'there is no segment `beta`',
    ],
    [
      'a cycle of prerequisites',
      [{ kind: 'add-prerequisite', prerequisite: { flag: 'search', variation: 'on' } }],
      'instructions[0].prerequisite.flag',
      'got checkout → search → checkout',
    ],
    ['nobody whom it concerns', [{ kind: 'turn-on', flag: 'gone' }], 'instructions[0]', 'there is no flag `gone`'],
  ])('%s', async (_, instructions, path, message) => {
    await expectRefused(server.api('POST', `${production}/changes`, { flag: 'checkout', instructions }), {
      status: 422,
      code: 'invalid-change',
      path,
      message,
    });
  });
});

describe('a second of what is there already is refused:', () => {
  test.each<[string, string, unknown, string, string]>([
    ['flag', '/projects/default/flags', { key: 'checkout' }, 'key', 'there already is a flag `checkout`'],
    [
      'flag, by a change',
      `${production}/changes`,
      { flag: 'checkout', instructions: [{ kind: 'create-flag', definition: {} }] },
      'instructions[0]',
      'there already is a flag `checkout`',
    ],
    ['project', '/projects', { key: 'default' }, 'key', 'there already is a project `default`'],
    [
      'environment',
      '/projects/default/environments',
      { key: 'staging' },
      'key',
      'there already is an environment `staging`',
    ],
  ])('%s', async (_, path, body, where, message) => {
    await expectRefused(server.api('POST', path, body), { status: 409, code: 'already-exists', path: where, message });
  });
});

describe('a body is refused that', () => {
  const headers = { 'content-type': 'application/json' };

  test.each(['{"flag":', '{flag:1}', 'nonsense', '{"a":1}}'])('is not JSON: %s', async (text) => {
    await expectRefused(server.api('POST', `${production}/changes`, text, headers), {
      status: 400,
      code: 'invalid-request',
      path: '',
      message: 'expected JSON, got',
    });
  });

  test.each([
    ['a byte that is never one', '{"key":"x","name":"a\xffb"}'],
    ['a character cut short', '{"key":"x","name":"\xe2\x82"}'],
    ['another encoding', '{"key":"x","name":"caf\xe9"}'],
  ])('is not UTF-8: %s', async (_, bytes) => {
    await expectRefused(server.api('POST', '/projects', Buffer.from(bytes, 'latin1'), headers), {
      status: 400,
      code: 'invalid-request',
      path: '',
      message: 'expected JSON in UTF-8, got bytes that are not UTF-8',
    });
  });

  test.each([
    [
      '9007199254740993',
      'variations[0].value',
      'expected a number that 64-bit floating point can hold, got 900719925474',
    ],
    ['1e400', 'variations[0].value', 'expected a number that 64-bit floating point can hold, got 1e400'],
    ['{"a":1,"a":2}', 'variations[0].value.a', 'expected each name once, got it twice'],
  ])('would not come back as it is: %s', async (value, path, message) => {
    const text = `{"key":"lossy","variations":[{"value":${value}},{"value":0}]}`;
    await expectRefused(server.api('POST', '/projects/default/flags', text, headers), {
      status: 400,
      code: 'invalid-request',
      path,
      message,
    });
  });

  test('is empty', async () => {
    await expectRefused(server.api('POST', '/projects', '', headers), {
      status: 400,
      code: 'invalid-request',
      path: '',
      message: 'expected JSON, got nothing',
    });
  });

  test('has more than 5 MB', async () => {
    const text = JSON.stringify({ flag: 'checkout', instructions: [], comment: 'x'.repeat(5 * 1024 * 1024) });
    await expectRefused(server.api('POST', `${production}/changes`, text, headers), {
      status: 413,
      code: 'too-large',
      path: '',
      message: `expected a body of at most 5242880 bytes, got ${text.length}`,
    });
  });

  test.each(['text/plain', 'application/xml', 'application/x-www-form-urlencoded'])('is of type %s', async (type) => {
    await expectRefused(server.api('POST', '/projects', '{"key":"x"}', { 'content-type': type }), {
      status: 415,
      code: 'unsupported-media-type',
      path: 'Content-Type',
      message: `expected application/json, got ${type}`,
    });
  });

  test.each([
    [
      `{"flag":"checkout","instructions":[{"kind":"turn-on","__proto__":{"flag":"search"}}]}`,
      'instructions[0].__proto__',
    ],
    [`{"__proto__":{"flag":"checkout"},"instructions":[{"kind":"turn-on"}]}`, '__proto__'],
  ])('names __proto__: %s', async (text, path) => {
    await expectRefused(server.api('POST', `${production}/changes`, text, headers), {
      status: 400,
      code: 'invalid-request',
      path,
      message: 'expected no property of that name',
    });
  });

  test.each([65, 100_000])('is nested %i levels deep', async (depth) => {
    const text = `{"key":"deep","variations":[{"value":${'['.repeat(depth)}${']'.repeat(depth)}},{"value":[1]}]}`;
    await expectRefused(server.api('POST', '/projects/default/flags', text, headers), {
      status: 400,
      code: 'invalid-request',
      path: expect.stringMatching(/^variations\[0\]\.value\[0\]\[0\]/) as unknown as string,
      message: 'expected at most 64 levels of nesting, got more',
    });
  });

  test('has more mistakes, and longer ones, than anybody wants to read', async () => {
    const instructions = Array.from({ length: 1000 }, (_, at) => ({ kind: 'x'.repeat(1000), at }));
    const { status, body } = await server.api('POST', `${production}/changes`, { instructions });
    expect([status, body.errors.length]).toEqual([400, 21]);
    expect(body.errors.at(-1)).toEqual({ path: '', message: 'and 980 more' });
    expect(JSON.stringify(body).length).toBeLessThan(40_000);
    const long = await server.api('POST', '/projects', { key: 'x', ['y'.repeat(1_000_000)]: 1 });
    expect(JSON.stringify(long.body).length).toBeLessThan(1000);
  });
});

describe('a request is refused that', () => {
  test.each<[string, string, string]>([
    ['an API token that is unknown', 'Bearer slt_wrong', 'got one that is not known'],
    ['an SDK key for an API token', 'Bearer sdk-test-0123456789', 'got one that is not known'],
    ['another scheme', 'Basic YTpi', 'got none'],
    ['an empty token', 'Bearer ', 'got none'],
  ])('has %s', async (_, authorization, message) => {
    const answer = server.api('POST', '/projects', { key: 'x' }, { authorization });
    await expectRefused(answer, { status: 401, code: 'unauthorized', path: 'Authorization', message });
    expect((await answer).headers.get('www-authenticate')).toBe('Bearer');
  });

  test('repeats under an Idempotency-Key that is too long', async () => {
    await expectRefused(server.api('POST', '/projects', { key: 'x' }, { 'idempotency-key': 'x'.repeat(256) }), {
      status: 400,
      code: 'invalid-request',
      path: 'Idempotency-Key',
      message: 'expected 1 to 255 characters, got 256',
    });
  });

  test.each<[string, string, string, string]>([
    ['a key in the path that is none', '/projects/-x/flags', 'project', 'got "-x"'],
    ['a limit that is none', '/projects/default/flags?limit=0', 'limit', 'expected a number from 1 to 500, got "0"'],
    [
      'a limit that is too high',
      '/projects/default/flags?limit=501',
      'limit',
      'expected a number from 1 to 500, got "501"',
    ],
    ['half a limit', `${production}/changes?limit=1.5`, 'limit', 'expected a number from 1 to 500, got "1.5"'],
    [
      'a wait that is too long',
      `${production}/changes/x/convergence?timeoutMs=60001`,
      'timeoutMs',
      'expected at most 60000, got "60001"',
    ],
    ['an unknown parameter', '/projects/default/flags?colour=red', '', 'expected no "colour" here'],
    ['a time that is none', `${production}/changes?since=yesterday`, 'since', 'expected number, got "yesterday"'],
    [
      'a cursor that is none',
      '/projects/default/flags?cursor=%20',
      'cursor',
      'expected the nextCursor of an earlier page',
    ],
    ['a cursor of NUL', '/projects/default/flags?cursor=AA', 'cursor', 'expected the nextCursor of an earlier page'],
    ['a NUL', `${production}/changes?actor=%00`, 'actor', 'expected text without the character NUL'],
    ['a NUL in the path', '/projects/%00/flags', 'project', 'expected text without the character NUL'],
    ['a broken escape', '/projects/%zz/flags', 'url', 'expected a path with complete %-escapes'],
  ])('asks for %s', async (_, path, where, message) => {
    await expectRefused(server.api('GET', path), { status: 400, code: 'invalid-request', path: where, message });
  });

  test.each([{}, { authorization: '' }])('asks for a key that is longer than any (with %o)', async (headers) => {
    const answer = server.api('GET', `/projects/${'x'.repeat(2000)}/flags`, undefined, headers);
    await expectRefused(answer, {
      status: 404,
      code: 'not-found',
      path: 'url',
      message: 'expected at most 768 characters between two slashes of a path, got /api/v1/projects/xxx',
    });
  });

  test.each([
    ['GET', '/projects/nowhere/flags'],
    ['GET', '/projects/default/flags/nothing'],
    ['GET', '/projects/default/flags/constructor'],
    ['DELETE', '/projects/default/flags/nothing'],
    ['PATCH', '/projects/default/flags/nothing'],
    ['GET', '/projects/default/environments/nowhere/flags'],
    ['POST', '/projects/default/environments/nowhere/changes'],
    ['POST', '/projects/nowhere/environments'],
    ['GET', `${production}/segments/nothing`],
    ['GET', `${production}/changes/nothing`],
    ['POST', `${production}/changes/nothing/revert`],
    ['DELETE', `${production}/credentials/nothing`],
    ['DELETE', '/tokens/nothing'],
    ['GET', '/nothing'],
    ['PUT', '/projects'],
  ])('asks for what is not there: %s %s', async (method, path) => {
    const bodies: Record<string, unknown> = {
      POST: path.endsWith('environments') ? { key: 'x' } : { instructions: [{ kind: 'turn-on', flag: 'a' }] },
      PATCH: {},
    };
    const body = path.endsWith('/revert') ? {} : bodies[method];
    const answer = await server.api(method, path, body);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(answer.body).toMatchObject({
      status: 404,
      code: 'not-found',
      title: expect.stringContaining('there is no'),
    });
  });
});

test('the longest key that there may be can be asked for', async () => {
  const key = 'k'.repeat(256);
  expect((await server.api('GET', `/projects/default/flags/${key}`)).body.title).toBe(`there is no flag \`${key}\``);
});
