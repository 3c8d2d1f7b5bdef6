import type { EnvironmentFlagView, HoldoutView, MigrationBarrierView } from '@sluice/api-client';
import { describeAuthority, describeClauses, describeWeight, listStagesInForce } from '@sluice/authoring';
import { describePlace } from './connection.ts';
import { formatFields, formatTable } from './table.ts';

const holdoutsShown = 20;

export const overruleHint =
  'Try again when they can; or name those that are not to be waited for: --overrule REASON --instance NAME';

/** `75% in shadow, 25% in live`. */
export function describeShares(serve: EnvironmentFlagView['fallthrough']): string {
  if ('variation' in serve) return serve.variation;
  return serve.rollout.variations.map(({ variation, weight }) => `${describeWeight(weight)} ${variation}`).join(', ');
}

/** A line for every migration, and one for each of its cohorts. */
export function formatMigrations(migrations: readonly EnvironmentFlagView[], width: number): readonly string[] {
  const rows = migrations.flatMap((migration) => {
    const { key, archived, rules, fallthrough } = migration;
    const authority = archived ? 'archived' : describeAuthority(listStagesInForce(migration));
    return [
      [key, describeShares(fallthrough), rules.length === 0 ? 'all records' : 'all other records', authority],
      ...rules.map((rule) => ['', describeShares(rule), describeClauses(rule.clauses), '']),
    ];
  });
  return formatTable(['MIGRATION', 'STAGE', 'RECORDS', 'TRUE IS'], rows, width);
}

/** Where its records are, which store is true, and whether everybody can follow. */
export function formatMigration(
  migration: EnvironmentFlagView,
  barrier: MigrationBarrierView,
  options: Parameters<typeof describePlace>[0],
  { environment, width }: { readonly environment: string; readonly width: number },
): readonly string[] {
  const { key, name, description, owner, rules, fallthrough, version } = migration;
  const place = describePlace(options);
  return [
    `${key}${name === key ? '' : `  ${name}`}`,
    ...formatFields([
      ['stage', `${describeShares(fallthrough)} in ${environment}${rules.length === 0 ? '' : ', but for the cohorts'}`],
      ['true is', describeAuthority(listStagesInForce(migration))],
      ...(description === '' ? [] : [['about', description.split('\n')] as const]),
      ...(owner === '' ? [] : [['owner', owner] as const]),
      ['version', String(version)],
    ]),
    ...(rules.length === 0
      ? []
      : [
          '',
          ...formatTable(
            ['COHORT', 'STAGE', 'RECORDS'],
            rules.map((rule) => [rule.id, describeShares(rule), describeClauses(rule.clauses)]),
            width,
          ),
        ]),
    '',
    ...formatBarrier(barrier, width, 'to go on to live, complete or off'),
    '',
    `On:   sluice migration advance ${key}${place}`,
    `Back: sluice migration return ${key} --reason TEXT${place}`,
  ];
}

/** A line of a checklist, and who is waited for. */
export function formatBarrier(
  { isOpen, version, ready, waitsFor }: Pick<MigrationBarrierView, 'isOpen' | 'version' | 'ready' | 'waitsFor'>,
  width: number,
  when: string,
): readonly string[] {
  const all = ready + waitsFor.length;
  const box = isOpen ? '[x]' : '[ ]';
  const rows = waitsFor
    .slice(0, holdoutsShown)
    .map(({ instance, sdk, reason }: HoldoutView) => [instance, sdk, reason]);
  const more = waitsFor.length - rows.length;
  return [
    `  ${box} ${when}: ${ready} of ${all} ${all === 1 ? 'instance has' : 'instances have'} version ${version}, and no operation of an earlier one`,
    ...(rows.length === 0
      ? []
      : formatTable(['WAITS FOR', 'SDK', 'WHY'], rows, width - 6).map((line) => `      ${line}`)),
    ...(more > 0 ? [`      … and ${more} more; see: sluice fleet`] : []),
  ];
}
