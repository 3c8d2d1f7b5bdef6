import { stages } from '@sluice/engine';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { migrationEvents } from './migration-events.ts';
import { type EncodedSubject, mostNames, subjectForms } from './subject-tally.ts';
import { TelemetryWindow } from './telemetry-window.ts';

const call = fc.record({
  kind: fc.constantFrom('valve' as const, 'route' as const),
  key: fc.constantFrom('search', 'mail', '/items/:id', '__proto__'),
  first: fc.constantFrom('normal', 'cached', 'GET'),
  second: fc.constantFrom('normal', 'rule'),
  third: fc.constantFrom('ok', 'failed'),
  durationMs: fc.double({ min: 0, max: 1000, noNaN: true }),
  account: fc.constantFrom('42', '43', undefined),
});
type Call = typeof call extends fc.Arbitrary<infer T> ? T : never;

function windowOf(calls: readonly Call[]): TelemetryWindow {
  const window = new TelemetryWindow();
  for (const { kind, key, first, second, third, durationMs, account } of calls) {
    const tally = window.find(kind, key);
    if (kind === 'valve') tally?.count(first, second, third, durationMs);
    else tally?.count(first, third, '', durationMs);
    if (account !== undefined) tally?.countAccount(account);
  }
  return window;
}

function sorted({ subjects }: { readonly subjects: readonly EncodedSubject[] }): unknown {
  return subjects
    .map((subject) => ({ ...subject, cells: subject.cells.map((cell) => JSON.stringify(cell)).sort() }))
    .sort((one, other) => (`${one.kind} ${one.key}` < `${other.kind} ${other.key}` ? -1 : 1));
}

function parse(value: unknown) {
  const { window, malformed } = TelemetryWindow.parse(value);
  return { ...window.encode(), malformed };
}

const subject: EncodedSubject = { kind: 'valve', key: 'search', cells: [['cached', 'rule', 'ok', [100, 2]]] };

describe('a window', () => {
  test('is read as it was written', () => {
    fc.assert(
      fc.property(fc.array(call), (calls) => {
        const encoded = windowOf(calls).encode();
        expect(parse(JSON.parse(JSON.stringify(encoded)))).toEqual({ ...encoded, malformed: 0 });
      }),
    );
  });

  test('that takes in another one is as if all had been counted in one', () => {
    fc.assert(
      fc.property(fc.array(call), fc.array(call), (one, other) => {
        const merged = windowOf(one);
        merged.merge(TelemetryWindow.parse(windowOf(other).encode()).window);
        expect(sorted(merged.encode())).toEqual(sorted(windowOf([...one, ...other]).encode()));
      }),
    );
  });

  test('has 500 routes, and one for the rest', () => {
    const window = new TelemetryWindow();
    for (let at = 0; at < 1000; at++) window.find('route', `/page/${at}`)?.count('GET', 'ok', '', 1);
    window.find('route', 'x'.repeat(300))?.count('GET', 'ok', '', 1);
    const routes = [...window.list()];
    expect(routes).toHaveLength(501);
    expect([...(routes.find(({ key }) => key === 'other')?.list() ?? [])][0]?.[3].count).toBe(501);
    expect(window.uncounted).toBe(0);
  });

  test('has 200 valves, and says how many calls of others there were', () => {
    const window = new TelemetryWindow();
    for (let at = 0; at < 300; at++) window.find('valve', `valve-${at}`)?.count('normal', 'normal', 'ok', 1);
    expect([...window.list()]).toHaveLength(200);
    expect(parse(window.encode())).toMatchObject({ uncounted: 100, malformed: 0 });
  });

  test('tells 20 modes of a valve apart, and counts the rest as one', () => {
    const window = new TelemetryWindow();
    for (let at = 0; at < 50; at++) window.find('valve', 'search')?.count(`mode-${at}`, 'rule', 'ok', 1);
    const cells = [...window.list()].flatMap((tally) => [...tally.list()]);
    expect(cells).toHaveLength(mostNames + 1);
    expect(cells.at(-1)?.[0]).toBe('other');
    expect(cells.at(-1)?.[3].count).toBe(30);
  });

  test('tells all stages and events of a migration apart, and 20 cohorts', () => {
    const window = new TelemetryWindow();
    const tally = window.find('migration', 'orders');
    for (let at = 0; at < 30; at++)
      for (const stage of stages) for (const event of migrationEvents) tally?.count(`cohort-${at}`, stage, event, 1);
    const cells = [...window.list()].flatMap((each) => [...each.list()]);
    expect(cells).toHaveLength((mostNames + 1) * stages.length * migrationEvents.length);
    expect(cells.filter(([, stage, event]) => stage === 'other' || event === 'other')).toEqual([]);
    expect(parse(JSON.parse(JSON.stringify(window.encode())))).toEqual({ ...window.encode(), malformed: 0 });
  });

  test('passes over accounts that are too long to be shown', () => {
    const window = new TelemetryWindow();
    window.find('valve', 'search')?.countAccount('x'.repeat(257));
    expect([...window.list()][0]?.accounts).toBeUndefined();
  });
});

describe('a window from outside', () => {
  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'subjects'],
    ['a list', []],
    ['subjects that are no list', { subjects: {} }],
  ])('that is %s is empty', (_, value) => {
    expect(parse(value)).toEqual({ subjects: [], malformed: 1 });
  });

  test.each<[string, unknown]>([
    ['null', null],
    ['of a kind that is not known', { ...subject, kind: 'later' }],
    ['of a kind that every object has', { ...subject, kind: 'constructor' }],
    ['without a key', { ...subject, key: '' }],
    ['with a key that is too long', { ...subject, key: 'x'.repeat(257) }],
    ['with a key that no database takes', { ...subject, key: 'a\u0000' }],
    ['with half a character in its key', { ...subject, key: 'a\ud800' }],
    ['without cells', { kind: 'valve', key: 'search' }],
  ])('loses a subject that is %s, and nothing else', (_, wrong) => {
    expect(parse({ subjects: [wrong, subject] })).toEqual({ subjects: [subject], malformed: 1 });
  });

  test.each<[string, unknown]>([
    ['no list', { 0: 'cached' }],
    ['too short', ['cached', 'rule', 'ok']],
    ['of a cause that there is not', ['cached', 'whim', 'ok', [100, 2]]],
    ['of an outcome that there is not', ['cached', 'rule', 'perhaps', [100, 2]]],
    ['of a mode that is no text', [7, 'rule', 'ok', [100, 2]]],
    ['of a mode that is too long', ['x'.repeat(257), 'rule', 'ok', [100, 2]]],
    ['with a negative count', ['cached', 'rule', 'ok', [100, -2]]],
    ['with what JSON makes of NaN', ['cached', 'rule', 'ok', [100, null]]],
    ['with a bucket that there is not', ['cached', 'rule', 'ok', [5000, 2]]],
    ['of no calls', ['cached', 'rule', 'ok', []]],
  ])('loses a cell that is %s, and nothing else', (_, wrong) => {
    const given = { ...subject, cells: [wrong, ...subject.cells] };
    expect(parse({ subjects: [given] })).toEqual({ subjects: [subject], malformed: 1 });
  });

  test.each<[string, unknown]>([
    ['of a stage that there is not', ['default', 'sideways', 'read old ok', [0, 1]]],
    ['of an event that there is not', ['default', 'live', 'read both ok', [0, 1]]],
    ['of a cohort that is too long', ['x'.repeat(257), 'live', 'equal', [0, 1]]],
    ['of nothing', ['default', 'live', 'equal', []]],
  ])('loses a cell of a migration that is %s, and nothing else', (_, wrong) => {
    const migration = { kind: 'migration', key: 'orders', cells: [['default', 'live', 'persistent', [0, 7]]] };
    const given = { ...migration, cells: [wrong, ...migration.cells] };
    expect(parse({ subjects: [given] })).toEqual({ subjects: [migration], malformed: 1 });
  });

  test.each<[string, object]>([
    ['a negative count', { accounts: [0, '42', -1, 0] }],
    ['an account that is too long', { accounts: [0, 'x'.repeat(257), 1, 0] }],
    ['no list', { routes: 7 }],
  ])('loses top keys with %s, and nothing else', (_, wrong) => {
    expect(parse({ subjects: [{ ...subject, ...wrong }] })).toEqual({ subjects: [subject], malformed: 1 });
  });

  test('loses accounts of what has none', () => {
    const config = { kind: 'config', key: 'ttl', cells: [['too small', '', '', [0, 1]]] };
    expect(parse({ subjects: [{ ...config, accounts: [0, '42', 1, 0] }] })).toEqual({
      subjects: [config],
      malformed: 1,
    });
  });

  test('is cut to what one of our SDKs would send', () => {
    const subjects = Array.from({ length: 10_000 }, (_, at) => ({ ...subject, key: `valve-${at}` }));
    const accounts = [0, ...Array.from({ length: 100_000 }, (_, at) => [`account-${at}`, 1, 0]).flat()];
    const { window, malformed } = TelemetryWindow.parse({ subjects: [{ ...subject, accounts }, ...subjects] });
    const tallies = [...window.list()];
    expect(malformed).toBe(0);
    expect(tallies).toHaveLength(subjectForms.valve.most);
    expect(tallies[0]?.accounts?.list()).toHaveLength(50);
  });

  test('never fails, whatever it is', () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (one, other) => {
        const { window } = TelemetryWindow.parse({ subjects: [one, { ...subject, cells: [other], accounts: one }] });
        expect(parse(window.encode()).malformed).toBe(0);
      }),
    );
  });
});
