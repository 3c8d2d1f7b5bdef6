import type {
  BarrierView,
  CheckView,
  EnvironmentFlagView,
  HoldoutView,
  MigrationBarrierView,
  MigrationTelemetryView,
  MismatchesView,
} from '@sluice/api-client';
import { describeAuthority, describeClauses, describeShares, listStagesInForce } from '@sluice/authoring';
import { describePlace } from './connection.ts';
import { formatAgo, formatRoughSpan, formatSpan } from './span.ts';
import { formatFields, formatTable } from './table.ts';

const holdoutsShown = 20;
const instancesNamed = 5;

/** How to go on past a closed barrier: what to type for everything that holds it, what was named already included. */
export function describeOverrule({ waitsFor, overruled, checks }: BarrierView): string {
  const instances = [...overruled, ...waitsFor].map(({ instance }) => instance);
  // Names come from instances, and this is pasted into a shell.
  const areShown = instances.length <= instancesNamed && instances.every((name) => /^[\w.:@/-]+$/.test(name));
  const names = [
    ...(areShown ? instances.map((name) => `--instance ${name}`) : ['--instance NAME of each']),
    ...checks.filter(({ isPassed }) => !isPassed).map(({ name }) => `--check ${name}`),
  ];
  return `Try again when nothing stands in the way; or do not wait for it: --overrule REASON ${names.join(' ')}`;
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
  {
    barrier,
    counted,
  }: { readonly barrier: MigrationBarrierView; readonly counted: MigrationTelemetryView | undefined },
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
    ...formatCounted(counted, barrier, width),
    '',
    ...formatFollowers(barrier, width, 'before live, complete or off'),
    ...barrier.checks.map((check) => formatCheck(check, `before ${check.before.join(', ')}`)),
    '',
    `On:   sluice migration advance ${key}${place}`,
    `Back: sluice migration return ${key} --reason TEXT${place}`,
  ];
}

/** What stores and comparisons did in the last hour, and what there is to repair. */
function formatCounted(
  counted: MigrationTelemetryView | undefined,
  { repairs, comparisons }: MigrationBarrierView,
  width: number,
): readonly string[] {
  const stores = (counted?.stores ?? []).map(({ operation, side, count, failed, p50Ms, p95Ms, p99Ms }) => [
    ...[operation, side, String(count), String(failed)],
    ...[p50Ms, p95Ms, p99Ms].map(formatSpan),
  ]);
  const names = ['transient', 'persistent', 'ignored', 'dropped', 'failed'] as const;
  return [
    ...(stores.length === 0
      ? ['  no call of either store was counted in the last hour']
      : formatTable(['LAST HOUR', 'STORE', 'CALLS', 'FAILED', 'P50', 'P95', 'P99'], stores, width)),
    '',
    ...formatFields([
      ...(counted === undefined
        ? []
        : [
            [
              'compared',
              [
                `${counted.compared.compared} in the last hour`,
                ...names.map((name) => `${counted.compared[name]} ${name}`),
              ].join(', '),
            ] as const,
          ]),
      ['mismatches', describeMismatches(comparisons)],
      ['repairs', describeRepairs(repairs)],
    ]),
  ];
}

function describeMismatches({ compared, persistent, atMost }: MigrationBarrierView['comparisons']): string {
  if (compared === 0) return 'nothing was compared since the last change';
  return `${persistent} of ${compared} since the last change: ${toPercent(persistent / compared)}, at most ${toPercent(atMost)} with 95% confidence`;
}

function describeRepairs({ depth, oldestMs, instances, dirty }: MigrationBarrierView['repairs']): string {
  const records = depth === 1 ? '1 record' : `${depth} records`;
  const waiting = depth === 0 ? [] : [`${records} in ${count(instances)}, the first for ${formatRoughSpan(oldestMs)}`];
  const lost = dirty.length === 0 ? [] : [`more than are kept in ${count(dirty)}`];
  return [...waiting, ...lost].join('; ') || 'none';
}

function count(instances: readonly string[]): string {
  const [first] = instances;
  return instances.length === 1 && first !== undefined ? first : `${instances.length} instances`;
}

function toPercent(share: number): string {
  return `${Number((share * 100).toPrecision(2))}%`;
}

/** That no mismatch was found says little where little was compared. */
export function describeNoMismatch(
  migration: string,
  { environment, compared }: { readonly environment: string; readonly compared: number },
): string {
  const all = compared === 0 ? 'nothing was compared' : `${compared} reads were compared`;
  return `No record of ${migration} was found that is not the same in both stores of ${environment}; ${all} since the last change.`;
}

/** What is not the same in both stores: a line for every path. */
export function formatMismatches(
  { kept, paths, items }: MismatchesView,
  { now, width }: { readonly now: number; readonly width: number },
): readonly string[] {
  const rows = items.map(({ path, count, firstAt, lastAt, example }) => [
    path === '' ? '(all of it)' : path,
    String(count),
    formatAgo(now - firstAt),
    formatAgo(now - lastAt),
    example.record,
    example.old ?? '(nothing)',
    example.new ?? '(nothing)',
  ]);
  const more = paths - items.length;
  return [
    `What differs in the last ${kept === 1 ? 'record that was' : `${kept} records that were`} not the same in both stores:`,
    ...formatTable(['PATH', 'RECORDS', 'FIRST', 'LAST', 'EXAMPLE', 'OLD', 'NEW'], rows, width),
    ...(more > 0 ? [`… and ${more} more paths`] : []),
  ];
}

/** The checklist before a stage. */
export function formatBarrier(barrier: BarrierView, width: number): readonly string[] {
  const when = `before ${barrier.into}`;
  return [
    // Nobody is waited for there.
    ...(barrier.into === 'rampdown' ? [] : formatFollowers(barrier, width, when)),
    ...barrier.checks.map((check) => formatCheck(check, when)),
  ];
}

function formatCheck({ name, isPassed, isOverruled = false, text }: CheckView, when: string): string {
  return `  ${isPassed ? '[x]' : isOverruled ? '[-]' : '[ ]'} ${name}, ${when}: ${text}`;
}

/** A line of a checklist, and who is waited for. */
function formatFollowers(
  { version, ready, waitsFor }: Pick<MigrationBarrierView, 'version' | 'ready' | 'waitsFor'>,
  width: number,
  when: string,
): readonly string[] {
  const all = ready + waitsFor.length;
  const box = waitsFor.length === 0 ? '[x]' : '[ ]';
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
