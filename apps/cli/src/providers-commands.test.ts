import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient, NotAccepted, type Providers, TestData } from '@sluice/sdk-node';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runCommandLine } from './command-line.ts';
import { nodeCommandPlatform } from './platform.ts';

let folder: string;
const closing: (() => Promise<void>)[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-sends-'));
});

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  rmSync(folder, { recursive: true, force: true });
});

/** A program with two providers, of which the first refuses and the second gives no clear answer. */
function createSet(...sets: readonly string[]): readonly Providers<string>[] {
  const client = createClient({ testData: new TestData() });
  closing.push(() => client.close());
  const refusing = { send: () => Promise.reject(new NotAccepted('quota')) };
  const hanging = { send: () => Promise.reject(new Error('socket hang up')) };
  return sets.map((set) =>
    client.providers(
      set,
      { a: refusing, b: hanging },
      { idempotencyKey: (message: string) => message, journal: folder },
    ),
  );
}

async function sluice(line: string) {
  const printed: string[] = [];
  const complained: string[] = [];
  const exitCode = await runCommandLine(`providers ${line}`.split(' '), {
    ...nodeCommandPlatform,
    variables: {},
    print: (text) => printed.push(text),
    printError: (text) => complained.push(text),
    width: Number.POSITIVE_INFINITY,
  });
  return { exitCode, printed: printed.join('\n'), complained: complained.join('\n') };
}

describe('messages in doubt', () => {
  test('are listed with what was tried, for people and for programs', async () => {
    const [email, sms] = createSet('email', 'sms');
    await email?.send('order-1');
    await sms?.send('order-2');
    const { exitCode, printed } = await sluice(`pending --journal ${folder}`);
    expect(exitCode).toBe(0);
    expect(printed.split('\n')).toEqual([
      expect.stringMatching(/^SET +KEY +BEGAN +ATTEMPTS$/),
      expect.stringMatching(/^email +order-1 +\d{4}-.* +a not-accepted \(quota\), b unknown \(socket hang up\)$/),
      expect.stringMatching(/^sms +order-2 /),
      'Ask the provider, and then: sluice providers settle KEY sent|failed --journal FOLDER',
    ]);
    const { printed: json } = await sluice(`pending --journal ${folder} --set sms --json`);
    expect(JSON.parse(json)).toMatchObject([
      { set: 'sms', idempotencyKey: 'order-2', status: 'unknown', attempts: [{ provider: 'a' }, { provider: 'b' }] },
    ]);
  });

  test('are settled, of which a program that runs learns when it is to send them again', async () => {
    const [email] = createSet('email');
    await email?.send('order-1');
    await email?.send('order-2');
    expect(await sluice(`settle order-1 sent --journal ${folder}`)).toEqual({
      exitCode: 0,
      printed: 'Settled order-1 of email as sent.',
      complained: '',
    });
    expect((await sluice(`settle order-2 failed --journal ${folder} --json`)).printed).toContain('"outcome": "failed"');
    expect((await sluice(`pending --journal ${folder}`)).printed).toBe('No message is in doubt.');
    expect((await email?.send('order-1'))?.status).toBe('sent');
    // It was tried anew.
    expect((await email?.send('order-2'))?.attempts).toHaveLength(2);
    expect(await sluice(`settle order-1 failed --journal ${folder}`)).toMatchObject({
      exitCode: 1,
      complained: 'sluice: no message with the key "order-1" is in doubt',
    });
  });

  test('of several sets are told apart', async () => {
    for (const set of createSet('email', 'sms')) await set.send('order-1');
    expect(await sluice(`settle order-1 sent --journal ${folder}`)).toMatchObject({
      exitCode: 2,
      complained: expect.stringContaining('Give one with --set: email, sms'),
    });
    expect((await sluice(`settle order-1 sent --set sms --journal ${folder}`)).exitCode).toBe(0);
    expect((await sluice(`pending --journal ${folder}`)).printed).not.toContain('sms');
  });

  test('are listed where the journal is damaged, and the damage is told', async () => {
    const [email] = createSet('email');
    await email?.send('order-1');
    const name = readdirSync(folder).find((each) => each.endsWith('.journal')) ?? '';
    const file = join(folder, name);
    writeFileSync(file, readFileSync(file, 'utf8').replace('quota', 'QUOTA'));
    appendFileSync(file, 'half a li');
    const { printed, complained } = await sluice(`pending --journal ${folder}`);
    expect(printed).toContain('order-1');
    expect(complained).toMatch(/^sluice: .*line 3 is damaged; its message may be listed as in doubt$/);
  });
});

describe('what cannot be right', () => {
  test.each([
    ['pending', 2, '--journal is missing'],
    ['settle order-1 --journal x', 2, 'OUTCOME is missing'],
    ['settle order-1 lost --journal x', 2, 'OUTCOME must be sent or failed, got "lost"'],
    ['pending --journal /nowhere/at/all', 1, 'there is no journal in /nowhere/at/all'],
    ['send', 2, 'there is no command "providers send"'],
  ])('is refused: %s', async (line, exitCode, complaint) => {
    expect(await sluice(line)).toMatchObject({ exitCode, complained: expect.stringContaining(complaint) });
  });
});
