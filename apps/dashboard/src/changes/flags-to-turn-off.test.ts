import type { ChangeView } from '@sluice/api-client';
import { expect, test } from 'vitest';
import { findFlagsToTurnOff } from './flags-to-turn-off.ts';

type Flag = NonNullable<ChangeView['flags']>[number];

function change(id: string, flags: readonly Flag[], alsoSegment = false): ChangeView {
  const effects = flags.map(({ key }) => ({ kind: 'flag' as const, key, text: 'turned on' }));
  return {
    id,
    environment: 'production',
    status: 'applied',
    version: 1,
    instructions: [],
    effects: alsoSegment ? [...effects, { kind: 'segment', key: 'beta', text: 'created' }] : effects,
    comment: '',
    actor: 'ann',
    createdAt: 1,
    flags,
  };
}

const flag = (key: string, state: Flag['state'] = 'on', kind: Flag['kind'] = 'release'): Flag => ({ key, kind, state });

test('a release flag that is on is offered to be turned off, once, at its newest change', () => {
  const changes = [
    change('a', [flag('checkout')]),
    change('b', [flag('checkout')]),
    change('c', [flag('search', 'tripped', 'valve')]),
    change('d', [flag('banner', 'off')]),
    change('e', [flag('one'), flag('two')]),
    change('f', [flag('ranking')], true),
    change('g', []),
    change('h', [flag('ranking')]),
  ];
  expect([...findFlagsToTurnOff(changes)]).toEqual([
    ['a', 'checkout'],
    ['h', 'ranking'],
  ]);
});
