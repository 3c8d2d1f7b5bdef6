import { flagOf } from '@sluice/testkit';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Build, planModes } from './mode-plan.ts';

const all = ['normal', 'stale', 'cached', 'off-404'];
const build = (modes: readonly string[], parts: Partial<Build> = {}): Build => ({
  modes,
  onError: undefined,
  onMissing: 'throw',
  ...parts,
});
const valveFlag = (parts: Parameters<typeof flagOf>[1] = {}) =>
  flagOf('search', { version: 7, variations: all, offVariation: 0, ...parts });

/** What is called for a mode that is served, and what when it fails. */
function choose(served: string, of: Build, flag: ReturnType<typeof flagOf> | undefined = valveFlag()) {
  const choice = planModes(flag, of).choices.get(served);
  return [choice?.mode, ...(choice?.fallbacks ?? [])];
}

describe('of the modes of a build', () => {
  test.each<[string, readonly string[], Partial<Build>, readonly (string | undefined)[]]>([
    ['normal', all, {}, ['normal', 'stale', 'cached', 'off-404']],
    ['cached', all, {}, ['cached', 'off-404']],
    ['off-404', all, {}, ['off-404']],
    ['normal', all, { onError: 'cached' }, ['normal', 'cached', 'off-404']],
    // A fallback is more severe than what failed.
    ['cached', all, { onError: 'cached' }, ['cached', 'off-404']],
    ['off-404', all, { onError: 'cached' }, ['off-404']],
    // What is not there is skipped, towards more severity.
    ['stale', ['normal', 'off-404'], {}, ['off-404']],
    ['stale', ['normal', 'cached', 'off-404'], {}, ['cached', 'off-404']],
    ['normal', ['cached', 'off-404'], {}, ['cached', 'off-404']],
    ['off-404', ['normal', 'cached'], {}, [undefined]],
    ['off-404', ['cached', 'normal'], { onMissing: 'last' }, ['cached']],
    ['normal', ['other'], {}, [undefined]],
    ['normal', ['other'], { onMissing: 'last' }, ['other']],
    // A fallback that the flag does not know of.
    ['normal', ['normal', 'other', 'off-404'], { onError: 'other' }, ['normal', 'other', 'off-404']],
  ])('%s is done by %j (%j) as %j', (served, modes, parts, expected) => {
    expect(choose(served, build(modes, parts))).toEqual(expected);
  });

  test('nothing that is called is less severe than what is served', () => {
    const names = fc.subarray(all, { minLength: 1 });
    fc.assert(
      fc.property(names, fc.constantFrom(...all), fc.option(fc.nat(3), { nil: undefined }), (modes, served, pick) => {
        const onError = pick === undefined ? undefined : modes[pick % modes.length];
        const severities = choose(served, build(modes, { onError })).map((name) => all.indexOf(name ?? 'off-404'));
        expect(severities).toEqual(severities.toSorted((a, b) => a - b));
        expect(severities[0]).toBeGreaterThanOrEqual(all.indexOf(served));
        expect(new Set(severities).size).toBe(severities.length);
      }),
    );
  });

  test('the order is that of the code where there is no flag', () => {
    const plan = planModes(undefined, build(['normal', 'cached', 'off-404']));
    expect(plan).toMatchObject({ version: undefined, normal: 'normal', refusal: undefined, unknown: [] });
    expect(plan.choices.get('normal')).toEqual({ mode: 'normal', isNormal: true, fallbacks: ['cached', 'off-404'] });
  });

  test('those of the flag that it lacks are told, with what is done in their place', () => {
    expect(planModes(valveFlag(), build(all)).lacks).toEqual([]);
    expect(planModes(undefined, build(['normal'])).lacks).toEqual([]);
    expect(planModes(valveFlag(), build(['normal', 'cached'])).lacks).toEqual([
      { mode: 'stale', instead: 'cached' },
      { mode: 'off-404' },
    ]);
    expect(planModes(valveFlag(), build(['normal'], { onMissing: 'last' })).lacks).toEqual(
      ['stale', 'cached', 'off-404'].map((mode) => ({ mode, instead: 'normal' })),
    );
  });

  test('those that the flag lacks are told', () => {
    expect(planModes(valveFlag(), build([...all, 'other'])).unknown).toEqual(['other']);
  });
});

describe('a flag is refused', () => {
  const few = build(['normal', 'off-404']);
  const clauses = [{ contextKind: 'account', attribute: 'key', op: 'in', values: ['42'] }];
  const shares = (...weights: readonly number[]) => ({
    rollout: { variations: weights.map((weight, variation) => ({ variation, weight })) },
  });

  test.each<[string, Parameters<typeof flagOf>[1], string | undefined]>([
    ['by no rule', {}, undefined],
    [
      'by its fallthrough',
      { fallthrough: { variation: 2 } },
      'mode "cached" is not in this build; it serves "off-404"',
    ],
    ['by a rule', { rules: [{ clauses, variation: 1 }] }, 'mode "stale" is not in this build; it serves "off-404"'],
    ['by a share', { fallthrough: shares(90_000, 10_000) }, 'mode "stale" is not in this build; it serves "off-404"'],
    ['by no share at all', { fallthrough: shares(100_000, 0) }, undefined],
    [
      'by a target',
      { targets: [{ values: ['ann'], variation: 2 }] },
      'mode "cached" is not in this build; it serves "off-404"',
    ],
    [
      'by a target of a kind',
      { contextTargets: [{ contextKind: 'account', values: ['42'], variation: 2 }] },
      'mode "cached" is not in this build; it serves "off-404"',
    ],
    ['by its off variation', { on: false, offVariation: 1 }, 'mode "stale" is not in this build; it serves "off-404"'],
    ['by rules while it is off', { on: false, rules: [{ clauses, variation: 1 }] }, undefined],
    ['by an off variation while it is on', { offVariation: 1 }, undefined],
    [
      'by an off variation for the sake of a prerequisite',
      { offVariation: 1, prerequisites: [{ key: 'other', variation: 0 }] },
      'mode "stale" is not in this build; it serves "off-404"',
    ],
    [
      'by several',
      { rules: [{ clauses, variation: 2 }], fallthrough: { variation: 1 } },
      'mode "stale" is not in this build; it serves "off-404"; mode "cached" is not in this build; it serves "off-404"',
    ],
    [
      'for what is no mode',
      { variations: ['normal', 7], fallthrough: { variation: 1 } },
      '7 is not the name of a mode; it serves "normal"',
    ],
    ['as no valve at all', { variations: [true, false] }, 'true is not the name of a mode; it serves "normal"'],
  ])('%s', (_, parts, refusal) => {
    expect(planModes(valveFlag(parts), few).refusal).toBe(refusal);
  });

  test('with what comes of it where nothing is more severe', () => {
    const flag = valveFlag({ fallthrough: { variation: 3 } });
    const fails = planModes(flag, build(['normal', 'cached']));
    expect(fails.refusal).toBe('mode "off-404" is not in this build; it fails');
    const serves = planModes(flag, build(['normal', 'cached'], { onMissing: 'last' }));
    expect(serves.refusal).toBe('mode "off-404" is not in this build; it serves "cached"');
  });
});
