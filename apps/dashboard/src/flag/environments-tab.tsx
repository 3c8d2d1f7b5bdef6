import type { FlagEnvironmentsView } from '@sluice/api-client';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { api } from '../api.ts';
import { EffectText } from '../changes/effects.tsx';
import { State } from '../flags/flag-row.tsx';
import { usePlace } from '../place.ts';
import { Button } from '../ui/button.tsx';
import { Choice } from '../ui/choice.tsx';
import { Age } from '../ui/clock.tsx';
import { join } from '../ui/join.ts';
import { Loaded } from '../ui/loaded.tsx';
import { Message } from '../ui/message.tsx';
import { compareLines } from './list-lines.ts';

interface EnvironmentsTabProps {
  readonly flag: string;
  /** Makes this environment do what another one does, as a change to review. */
  readonly copyFrom: (environment: string) => void;
  /** Why that cannot be reviewed now. */
  readonly refusal: string | undefined;
}

/** The flag in all environments, side by side; on a phone each line has them below each other. */
export function EnvironmentsTab({ flag, copyFrom, refusal }: EnvironmentsTabProps): ReactNode {
  const place = usePlace();
  const query = useQuery({
    queryKey: [place.project, place.environment, 'flag', flag, 'environments'],
    queryFn: () => api.getFlagEnvironments(place.project, flag),
    // Of other environments nothing is told here.
    staleTime: 0,
  });
  return (
    <Loaded query={query} what="The environments">
      {(view) => <SideBySide view={view} here={place.environment} copyFrom={copyFrom} refusal={refusal} />}
    </Loaded>
  );
}

interface SideBySideProps {
  readonly view: FlagEnvironmentsView;
  readonly here: string;
  readonly copyFrom: (environment: string) => void;
  readonly refusal: string | undefined;
}

function SideBySide({ view, here, copyFrom, refusal }: SideBySideProps): ReactNode {
  const { project } = usePlace();
  const [shown, setShown] = useState<'differences' | 'all'>('differences');
  // This one first: the others are read against it.
  const items = view.items.toSorted((a, b) => Number(b.environment === here) - Number(a.environment === here));
  const rows = compareLines(items.map(({ flag }) => flag));
  const different = rows.filter(({ isSame }) => !isSame);
  const listed = shown === 'all' ? rows : different;
  if (items.length === 1) {
    return <Message title="There is one environment">In a second one the flag would be shown beside this one.</Message>;
  }
  return (
    <div className="pt-4">
      <Choice
        label="Which lines are shown"
        value={shown}
        choose={setShown}
        options={[
          { value: 'differences', label: `Differences, ${different.length}` },
          { value: 'all', label: 'All lines' },
        ]}
      />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached. */}
      <section tabIndex={0} aria-label="Environments side by side" className="mt-3 overflow-x-auto">
        <table className="w-full border-collapse text-left max-tablet:block">
          <thead className="max-tablet:block">
            <tr className="border-line border-b align-bottom max-tablet:block">
              <th className="w-40 min-w-28 pr-4 pb-2 font-normal text-ink-3 max-tablet:hidden">Line</th>
              {items.map(({ environment, state, changedAt }) => (
                <th key={environment} className="min-w-52 pr-4 pb-2 font-normal max-tablet:block">
                  <span className="flex flex-wrap items-center gap-x-3 gap-y-1">
                    {environment === here ? (
                      <b>{environment}, here</b>
                    ) : (
                      <Link
                        to="/$project/$environment/flags/$key"
                        params={{ project, environment, key: view.key }}
                        className="link font-semibold"
                      >
                        {environment}
                      </Link>
                    )}
                    {environment !== here && (
                      <Button size="row" refusal={refusal} onClick={() => copyFrom(environment)}>
                        Copy from {environment}…
                      </Button>
                    )}
                  </span>
                  <span className="block text-ink-2">
                    <State state={state} />, changed <Age at={changedAt} /> ago
                  </span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody className="max-tablet:block">
            {listed.map(({ label, texts, isSame }) => (
              <tr key={label} className="border-line border-b align-top max-tablet:block max-tablet:pb-2">
                <th scope="row" className="py-2 pr-4 font-normal text-ink-2 max-tablet:block">
                  {label}
                </th>
                {texts.map((text, index) => (
                  <td
                    key={items[index]?.environment}
                    className={join(
                      'py-2 pr-4 max-tablet:block max-tablet:py-1',
                      !isSame && index > 0 && text !== texts[0] && 'bg-accent-wash px-2',
                    )}
                  >
                    <span className="text-ink-3 tablet:hidden">{items[index]?.environment}: </span>
                    {text === undefined ? <span className="text-ink-3">not there</span> : <EffectText text={text} />}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {listed.length === 0 && <p className="py-3">It does the same everywhere.</p>}
    </div>
  );
}
