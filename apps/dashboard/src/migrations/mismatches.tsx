import type { MismatchesView } from '@sluice/api-client';
import { type ReactNode, useState } from 'react';
import { Button } from '../ui/button.tsx';
import { Age } from '../ui/clock.tsx';
import { formatCount } from '../ui/duration.ts';
import { Name } from '../ui/name.tsx';
import { Section } from './section.tsx';

interface MismatchesProps {
  readonly mismatches: MismatchesView;
  /** How many reads were compared since the last change of the migration. */
  readonly compared: number | undefined;
}

const shownFirst = 8;

/** What is not the same in both stores, by the path that differs: one mistake is one line. */
export function Mismatches({ mismatches: { items, kept, paths }, compared }: MismatchesProps): ReactNode {
  const [isUnfolded, setUnfolded] = useState(false);
  const [open, setOpen] = useState<string>();
  if (items.length === 0) {
    return (
      <Section title="Mismatches by path">
        <p className="py-2 text-ink-2">
          {compared === undefined || compared === 0
            ? 'Nothing was compared since the last change. Reads are compared in shadow and live.'
            : `None in ${formatCount(compared)} compares since the last change.`}
        </p>
      </Section>
    );
  }
  const shown = isUnfolded ? items : items.slice(0, shownFirst);
  return (
    <Section
      title="Mismatches by path"
      beside={`${formatCount(paths)} ${paths === 1 ? 'path' : 'paths'} in ${formatCount(kept)} ${kept === 1 ? 'record' : 'records'} that differed`}
    >
      <table className="w-full">
        <thead className="text-left text-ink-3 max-tablet:sr-only">
          <tr className="border-line border-b">
            <th className="w-[32%] py-1 pr-3 font-normal">Path</th>
            <th className="w-0 whitespace-nowrap py-1 pr-4 text-right font-normal">Records</th>
            <th className="py-1 pr-3 font-normal">Old store, new store</th>
            <th className="w-0 py-1">
              <span className="sr-only">Example</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.map(({ path, count, firstAt, lastAt, example }) => (
            <tr
              key={path}
              className="border-line border-b align-top max-tablet:grid max-tablet:grid-cols-[minmax(0,1fr)_auto] max-tablet:gap-x-3 max-tablet:py-2"
            >
              <td className="py-1.5 pr-3 max-tablet:py-0">
                <Name>{path === '' ? 'record' : path}</Name>
                <span className="block text-ink-2 text-small">
                  last seen <Age at={lastAt} /> ago
                  {firstAt !== lastAt && (
                    <>
                      , first <Age at={firstAt} />
                    </>
                  )}
                </span>
              </td>
              <td className="figures py-1.5 pr-4 text-right font-semibold max-tablet:py-0 max-tablet:pr-0">
                {formatCount(count)}
              </td>
              <td className="py-1.5 pr-3 max-tablet:py-1">
                <Value side="old" text={example.old} />
                <Value side="new" text={example.new} />
                {open === path && (
                  <dl className="mt-1 grid grid-cols-[auto_minmax(0,1fr)] gap-x-3 text-ink-2">
                    <dt>Record</dt>
                    <dd>
                      <Name isBold={false}>{example.record}</Name>
                    </dd>
                    <dt>Read in</dt>
                    <dd>
                      {example.stage}
                      {example.cohort !== 'default' && `, cohort ${example.cohort}`}, <Age at={example.at} /> ago
                    </dd>
                    <dt>Versions</dt>
                    <dd className="font-mono">
                      {example.versions.old ?? 'none'} / {example.versions.new ?? 'none'}
                    </dd>
                  </dl>
                )}
              </td>
              <td className="py-1.5 text-right max-tablet:py-0">
                <Button
                  size="row"
                  aria-expanded={open === path}
                  aria-label={`Example of ${path === '' ? 'record' : path}`}
                  onClick={() => setOpen(open === path ? undefined : path)}
                >
                  {open === path ? 'Hide' : 'Example'}
                </Button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {items.length > shownFirst && (
        <Button look="ghost" size="row" className="mt-1" onClick={() => setUnfolded(!isUnfolded)}>
          {isUnfolded ? 'Show fewer' : `Show ${formatCount(items.length - shownFirst)} more`}
        </Button>
      )}
      {isUnfolded && paths > items.length && (
        <p className="text-ink-2">{formatCount(paths - items.length)} more paths are not listed.</p>
      )}
    </Section>
  );
}

/** As the SDK sent it: cut, and redacted where it was told so. */
function Value({ side, text }: { readonly side: 'old' | 'new'; readonly text: string | undefined }): ReactNode {
  return (
    <span className="block break-all font-mono">
      <span className="sr-only">{side} store: </span>
      {text ?? <span className="text-ink-3">absent</span>}
    </span>
  );
}
