import type { RevertSinceView } from '@sluice/api-client';
import { changeOptions, finish, readWaiting } from './change.ts';
import { defineCommand } from './command.ts';
import { connect } from './connection.ts';
import { usageError } from './errors.ts';
import { formatBarrier } from './migration-words.ts';
import { parseMoment } from './moment.ts';
import type { Output } from './output.ts';
import { formatTime } from './table.ts';

export const revertCommand = defineCommand({
  name: 'revert',
  summary: 'bring back how everything in an environment was at a time',
  arguments: [],
  options: {
    ...changeOptions,
    since: { type: 'string', value: 'TIME', help: 'back to how it was then: 14:02, 2026-11-23T14:02 or 20m (ago)' },
    until: { type: 'string', value: 'TIME', help: 'revert only what was changed until then' },
    leave: {
      type: 'string',
      multiple: true,
      value: 'OBJECT',
      help: 'leave flag:KEY or segment:KEY as it is; repeat it',
    },
    include: { type: 'string', multiple: true, value: 'flag:KEY', help: 'a migration to set back too; repeat it' },
    'discard-later': { type: 'boolean', help: 'go on even if changes after --until are lost' },
  },
  examples: ['sluice revert --since 14:02 --dry-run', 'sluice revert --since 20m --leave flag:new-checkout'],
  run: async ({ options, platform, output }) => {
    const { api, place } = connect(options, platform);
    const waiting = readWaiting(options);
    if (options.since === undefined) throw usageError('--since is missing: back to which time?');
    const now = platform.now();
    const reverted = await api.revertSince(place, {
      since: parseMoment('--since', options.since, now),
      ...(options.until !== undefined && { until: parseMoment('--until', options.until, now) }),
      deselect: options.leave,
      include: options.include,
      discardLater: options['discard-later'],
      comment: options.comment,
      dryRun: options['dry-run'],
    });
    if (options.json !== true) printReverted(reverted, output);
    const { change, objects } = reverted;
    if (change === undefined || reverted.status !== 'applied') {
      if (options.json === true) output.printJson(reverted);
      return undefined;
    }
    const [first] = objects;
    return finish(
      { api, place },
      { key: first?.key ?? '', change: change.id, body: reverted, waiting },
      options,
      output,
    );
  },
});

function printReverted(reverted: RevertSinceView, { print, width }: Output): void {
  const { environment, since, status, because, objects, untouched, change, version } = reverted;
  const selected = objects.filter(({ isSelected }) => isSelected);
  const what = selected.length === 1 ? '1 object' : `${selected.length} objects`;
  const then = formatTime(since);
  if (status === 'applied') print(`${what} in ${environment} as at ${then} (version ${version}).`);
  else if (status === 'planned') print(`This would set ${what} in ${environment} back to ${then}; nothing is changed:`);
  else print(`Nothing to revert in ${environment} since ${then}: ${because ?? 'everything is as it was'}.`);
  for (const { kind, key, effects, others, later } of selected) {
    print(`  ${kind} ${key}: ${effects.join('; ')}${others.length === 0 ? '' : ` (changed by ${others.join(', ')})`}`);
    for (const lost of later)
      print(`    loses version ${lost.version}, by ${lost.actor}, ${formatTime(lost.createdAt)}`);
  }
  const stays = [
    ...objects.filter(({ isSelected }) => !isSelected).map(({ reason = 'left', ...id }) => ({ ...id, reason })),
    ...untouched,
  ];
  if (stays.length > 0) print('Stays untouched:');
  for (const { kind, key, reason } of stays) print(`  ${kind} ${key}: ${reason}`);
  for (const barrier of change?.barriers ?? []) print(formatBarrier(barrier, width));
}
