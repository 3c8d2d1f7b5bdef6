import { type CommandOutcome, runSluice, startTestServer, type TestServer } from '@sluice/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

let server: TestServer;
let sets = 0;
/** A set of its own for each test: mailgun is active, ses on standby. */
let set: string;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(() => server.close());

beforeEach(async () => {
  set = `email-${++sets}`;
  expect(await sluice(`providers create ${set} mailgun ses`)).toMatchObject({ exitCode: 0, complained: '' });
});

function sluice(line: string): Promise<CommandOutcome> {
  return runSluice(line, { variables: { SLUICE_DATA: server.folder }, home: server.folder, width: 80 });
}

interface Place {
  readonly name: string;
  readonly state: string;
}

/** `mailgun active, ses standby` */
async function readStates(options = ''): Promise<string> {
  const value: { providers: Place[] } = JSON.parse((await sluice(`config get ${set}${options}`)).printed);
  return value.providers.map(({ name, state }) => `${name} ${state}`).join(', ');
}

describe('a set of providers', () => {
  test('is a config whose first provider sends while the others stand by', async () => {
    expect(JSON.parse((await sluice(`providers show ${set} --json`)).printed)).toMatchObject({
      kind: 'config',
      config: { dimensions: ['account', 'user'] },
      fallthrough: {
        variation: JSON.stringify({
          providers: [
            { name: 'mailgun', state: 'active' },
            { name: 'ses', state: 'standby' },
          ],
          ambiguous: 'idempotent-only',
          dwellMs: 300_000,
          warmShare: 5,
        }),
      },
    });
  });

  test('is listed by who sends, apart from other configs', async () => {
    await sluice(`config create ${set}.ttl 60`);
    const { printed } = await sluice('providers list');
    expect(printed).toMatch(/^SET +ACTIVE +STANDBY +DRAINED +PINS\n/);
    expect(printed).toMatch(new RegExp(`^${set} +mailgun +ses +0$`, 'm'));
    const listed: { key: string }[] = JSON.parse((await sluice('providers list --json')).printed);
    expect(listed.map(({ key }) => key)).toContain(set);
    expect(listed.map(({ key }) => key)).not.toContain(`${set}.ttl`);
  });

  test('is told in words among other configs', async () => {
    const listed = (await sluice('config list')).printed;
    expect(listed).toMatch(new RegExp(`^${set} +mailgun active, ses standby`, 'm'));
    const { printed } = await sluice(`config show ${set}`);
    expect(printed).toMatch(/^ *value +mailgun active, ses standby in /m);
    expect(printed).toMatch(/^ *must be +an order of providers$/m);
  });

  test('has as many providers as are named, each once', async () => {
    expect((await sluice(`providers create ${set}-many ${[...'abcdefghijklm'].join(' ')}`)).exitCode).toBe(0);
    const twice = await sluice(`providers create ${set}-twice ses ses`);
    expect(twice).toMatchObject({ exitCode: 2, complained: expect.stringContaining('a name that no other has') });
    const policy = await sluice(`providers create ${set}-policy ses --ambiguous maybe`);
    expect(policy).toMatchObject({ exitCode: 2, complained: expect.stringContaining('one of never, idempotent-only') });
    expect((await sluice(`providers create ${set}-none`)).complained).toContain('PROVIDER is missing');
  });

  test('refuses values that no provider set has', async () => {
    const value = { providers: [], ambiguous: 'never' };
    const { exitCode, complained } = await sluice(`config set ${set} ${JSON.stringify(value)}`);
    expect([exitCode, complained]).toEqual([1, expect.stringContaining('providers must be a list of at least one')]);
    const change = server.change({ flag: set, instructions: [{ kind: 'set-value', value }] });
    await expect(change).rejects.toThrow('not have fewer than 1 items');
  });
});

describe('switching', () => {
  test('activates, drains and puts back on standby', async () => {
    const activated = await sluice(`providers activate ${set} ses -m mailgun-is-down`);
    expect(activated).toMatchObject({ exitCode: 0, complained: '' });
    expect(activated.printed).toMatch(/^email-\d+ is changed in .*\n {2}mailgun active, ses active$/);
    expect(await readStates()).toBe('mailgun active, ses active');
    expect((await sluice(`providers drain ${set} mailgun`)).exitCode).toBe(0);
    expect(await readStates()).toBe('mailgun drained, ses active');
    expect((await sluice(`providers standby ${set} mailgun --json`)).exitCode).toBe(0);
    expect(await readStates()).toBe('mailgun standby, ses active');
  });

  test('never leaves nobody to send, and says what to do first', async () => {
    for (const word of ['drain', 'standby']) {
      const { exitCode, complained } = await sluice(`providers ${word} ${set} mailgun`);
      expect(exitCode).toBe(1);
      expect(complained).toContain(`mailgun is the only one of ${set} that is active`);
      expect(complained).toContain(`sluice providers activate ${set} ses`);
    }
    expect(await readStates()).toBe('mailgun active, ses standby');
  });

  test('at the same time by two people loses nothing that was said to be done', async () => {
    const names = ['a', 'b', 'c'];
    await sluice(`providers create ${set}-both first ${names.join(' ')}`);
    set = `${set}-both`;
    const outcomes = await Promise.all(names.map((name) => sluice(`providers activate ${set} ${name}`)));
    const states = await readStates();
    for (const [index, { exitCode, complained }] of outcomes.entries()) {
      if (exitCode === 0) expect(states).toContain(`${names[index]} active`);
      else expect(complained).toContain('somebody else changed');
    }
    expect(outcomes.some(({ exitCode }) => exitCode === 0)).toBe(true);
  });

  test('keeps rates and what else is in the value; a share ends with being active', async () => {
    const places = [
      { name: 'mailgun', state: 'active', share: 30, maxPerSecond: 50 },
      { name: 'ses', state: 'active' },
    ];
    await sluice(`config set ${set} ${JSON.stringify({ providers: places, ambiguous: 'never', ours: 1 })}`);
    await sluice(`providers standby ${set} mailgun`);
    expect(JSON.parse((await sluice(`config get ${set}`)).printed)).toEqual({
      providers: [
        { name: 'mailgun', state: 'standby', maxPerSecond: 50 },
        { name: 'ses', state: 'active' },
      ],
      ambiguous: 'never',
      ours: 1,
    });
  });

  test('refuses what every process would refuse', async () => {
    const places = [
      { name: 'mailgun', state: 'active', share: 100 },
      { name: 'ses', state: 'active', share: 0 },
    ];
    await sluice(`config set ${set} ${JSON.stringify({ providers: places, ambiguous: 'never' })}`);
    const { exitCode, complained } = await sluice(`providers drain ${set} mailgun`);
    expect(exitCode).toBe(1);
    expect(complained).toContain('would be refused wherever it is used');
    expect(await readStates()).toBe('mailgun active, ses active');
  });

  test.each([
    [
      'set',
      '{"providers":[{"name":"a","state":"active"},{"name":"a","state":"standby"}],"ambiguous":"never"}',
      'providers[1].name',
    ],
    [
      'override --account 42',
      '{"providers":[{"name":"a","state":"active","share":70},{"name":"b","state":"active","share":70}],"ambiguous":"never"}',
      'shares',
    ],
  ])('refuses it also from config %s', async (command, value, wrong) => {
    const [word = '', ...options] = command.split(' ');
    const before = await readStates();
    const { exitCode, complained } = await sluice(`config ${word} ${set} ${value} ${options.join(' ')}`.trim());
    expect([exitCode, complained]).toEqual([1, expect.stringContaining('is a set of providers, and would be refused')]);
    expect(complained).toContain(wrong);
    expect([await readStates(), await readStates(' --account 42')]).toEqual([before, before]);
  });

  test('refuses providers and sets that there are not', async () => {
    expect((await sluice(`providers activate ${set} sendgrid`)).complained).toContain('there are mailgun and ses');
    await sluice(`config create ${set}.ttl 60`);
    expect((await sluice(`providers show ${set}.ttl`)).complained).toContain('no set of providers');
  });
});

describe('a pin', () => {
  test('lets one provider send for one account, and is shown', async () => {
    expect(await sluice(`providers pin ${set} ses --account 42`)).toMatchObject({ exitCode: 0, complained: '' });
    expect(await readStates(' --account 42')).toBe('mailgun standby, ses active');
    expect(JSON.parse((await sluice(`config get ${set} --account 42`)).printed).warmShare).toBe(0);
    expect(await readStates(' --account 43')).toBe('mailgun active, ses standby');
    const { printed } = await sluice(`providers show ${set}`);
    expect(printed).toMatch(/^mailgun +active/m);
    expect(printed).toMatch(/^PIN +ACTIVE +FOR\n\w+ +ses +account key is "42"$/m);
  });

  test('is named where its provider is drained', async () => {
    await sluice(`providers pin ${set} mailgun --user ann`);
    await sluice(`providers activate ${set} ses`);
    const { printed } = await sluice(`providers drain ${set} mailgun`);
    expect(printed).toMatch(/It is still pinned where user key is "ann"; remove it with: sluice config remove/);
  });

  test('needs to know for whom', async () => {
    expect(await sluice(`providers pin ${set} ses`)).toMatchObject({
      exitCode: 2,
      complained: expect.stringContaining('Give --account or --user'),
    });
  });
});
