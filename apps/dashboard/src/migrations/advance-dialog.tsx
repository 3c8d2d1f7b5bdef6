import type { BarrierView, ChangeView, EnvironmentFlagView } from '@sluice/api-client';
import {
  advanceStages,
  describeWeight,
  findNextStage,
  fullWeight,
  isProblem,
  type StageMove,
  weightOfStage,
} from '@sluice/authoring';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { api } from '../api.ts';
import { Effects } from '../changes/effects.tsx';
import { usePlace } from '../place.ts';
import { useEnvironment } from '../shell/environment.ts';
import { useApply } from '../ui/apply.ts';
import { Button } from '../ui/button.tsx';
import { Choice } from '../ui/choice.tsx';
import { Dialog, DialogRow } from '../ui/dialog.tsx';
import { Field } from '../ui/field.tsx';
import { findVerdict } from '../ui/find-verdict.ts';
import { Loaded } from '../ui/loaded.tsx';
import { Name } from '../ui/name.tsx';
import { RefusedNote } from '../ui/refused-note.tsx';
import { WhyField } from '../ui/why-field.tsx';
import { listSteps, parseShare } from './advance-steps.ts';
import { findHold, idOf, listObstacles, toOverrule } from './obstacles.ts';
import { Obstacles } from './obstacles.tsx';
import { advanceWords } from './stage-words.ts';

interface AdvanceDialogProps {
  readonly migration: EnvironmentFlagView;
  /** Of these records alone; absent: of all that are in no cohort. */
  readonly cohort?: string | undefined;
  readonly applied: (change: ChangeView) => void;
  readonly close: () => void;
}

const noBarriers: readonly BarrierView[] = [];

/** Moves records on: how many, what it changes, and what is still waited for. */
export function AdvanceDialog({ migration: current, cohort, applied, close }: AdvanceDialogProps): ReactNode {
  const place = usePlace();
  const environment = useEnvironment();
  // As it was looked at: where records go must not change under the button when somebody else moves them.
  const [migration, setMigration] = useState(current);
  const { served, to, already, steps } = findNext(migration, cohort);
  const [share, setShare] = useState(() => firstShare(migration, cohort));
  const [comment, setComment] = useState('');
  const [typed, setTyped] = useState('');
  const [overruled, setOverruled] = useState<ReadonlySet<string>>();

  const weight = parseShare(share);
  const advance = weight === undefined ? undefined : advanceStages(served, { to, weight });
  const isMove = advance !== undefined && !isProblem(advance);
  const move: StageMove = {
    kind: 'set-stage',
    ...(isMove ? advance.serve : { stage: to }),
    ...(cohort !== undefined && { cohort }),
    // What is typed is asked for below; a dry run is none the safer for it.
    ...(to === 'complete' && { confirm: migration.key }),
  };
  const preview = useQuery({
    queryKey: [place.project, place.environment, 'barriers', migration.key, 'advance', move, migration.version],
    queryFn: () => api.change(place, { flag: migration.key, instructions: [move], dryRun: true }),
    placeholderData: keepPreviousData,
    // Gates are measured all the time, and no event tells of it.
    refetchInterval: 10_000,
    enabled: isMove,
    retry: false,
    staleTime: 0,
    gcTime: 0,
  });
  const obstacles = listObstacles(preview.data?.barriers ?? noBarriers);
  const change = useApply((made) => {
    close();
    applied(made);
  });
  const named = obstacles.filter((each) => !each.isMet && overruled?.has(idOf(each)) === true);
  // One's own change may be told of before it is answered.
  const isBehind = current.version > migration.version && !change.isPending;
  const lookAgain = () => {
    setMigration(current);
    setShare(firstShare(current, cohort));
    setTyped('');
    setOverruled(undefined);
  };
  const refusal = isBehind
    ? 'somebody else changed it since you looked'
    : !isMove
      ? isProblem(advance)
        ? `the share ${advance.message}`
        : 'the share is a number from 0.001 to 100'
      : preview.error !== null
        ? findVerdict(preview.error) === 'refused'
          ? 'the server would refuse it'
          : 'what it would do is not known'
        : preview.data === undefined || preview.isPlaceholderData
          ? 'what it would do is not known yet'
          : (findHold(obstacles, { named, comment }) ??
            (to === 'complete' && typed !== migration.key ? `type ${migration.key} to confirm` : undefined));
  const send = () =>
    change.mutate({
      flag: migration.key,
      instructions: [{ ...move, ...(named.length > 0 && { overrule: toOverrule(named, comment) }) }],
      comment,
      expectedVersion: migration.version,
    });
  return (
    <Dialog
      title={
        <>
          Advance <Name>{migration.key}</Name> to {to}
        </>
      }
      environment={environment}
      close={close}
      note={
        refusal !== undefined
          ? `${capitalise(refusal)}.`
          : to === 'complete'
            ? 'There is no way back from complete.'
            : 'Can be returned at once.'
      }
      actions={
        <>
          <Button look="ghost" onClick={close}>
            Cancel
          </Button>
          <Button
            look="write"
            isProduction={environment.isProduction}
            busy={change.isPending && 'Advancing'}
            refusal={refusal}
            onClick={send}
          >
            {named.length > 0 ? 'Advance without waiting in ' : 'Advance in '}
            {environment.name}
          </Button>
        </>
      }
    >
      {isBehind && (
        <div
          role="alert"
          className="flex flex-wrap items-center justify-between gap-2 border-amber-line border-b bg-amber-wash px-6 py-2 max-tablet:px-4"
        >
          Somebody else changed this migration since you looked.
          <Button onClick={lookAgain}>Look again</Button>
        </div>
      )}
      <DialogRow label="Records">
        <div className="flex flex-wrap items-center gap-3">
          <Choice
            label="Share of the records"
            value={String(weight ?? '')}
            options={steps.map((step) => ({ value: String(step), label: describeWeight(step) }))}
            choose={(step) => setShare(String(Number(step) / 1000))}
          />
          <span className="flex items-center gap-1.5 text-ink-2">
            <Field
              label="Share in percent"
              isLabelHidden
              className="w-18"
              inputMode="decimal"
              value={share}
              onChange={({ target }) => setShare(target.value)}
            />
            %
          </span>
          <span className="text-ink-2">
            {cohort === undefined
              ? migration.rules.length === 0
                ? 'of all records, by key'
                : 'of all records in no cohort, by key'
              : `of cohort ${cohort}, by key`}
            {already > 0 && `; ${describeWeight(already)} now`}
          </span>
        </div>
        {!isMove && !isBehind && <p className="mt-1 text-red-text">{capitalise(refusal ?? '')}</p>}
      </DialogRow>
      <DialogRow label="Means">
        <p className="pt-1">{to !== 'off' && advanceWords[to]}</p>
      </DialogRow>
      <DialogRow label="Changes">
        <div className="pt-1" aria-live="polite">
          <Loaded query={preview} what="What it would do" rows={2}>
            {(planned) => <Effects change={planned} />}
          </Loaded>
        </div>
      </DialogRow>
      {obstacles.length > 0 && (
        <DialogRow label="Waits for">
          <Obstacles obstacles={obstacles} overruled={overruled} overrule={setOverruled} />
        </DialogRow>
      )}
      {to === 'complete' && (
        <DialogRow label="Confirm">
          <Field
            label={`Type ${migration.key}: from here nothing comes back`}
            value={typed}
            autoComplete="off"
            spellCheck={false}
            onChange={({ target }) => setTyped(target.value)}
          />
        </DialogRow>
      )}
      <DialogRow label="Why">
        <WhyField
          placeholder={named.length > 0 ? 'Why it is not waited for; history keeps it' : 'Shown in history and on Now'}
          value={comment}
          change={setComment}
        />
        <RefusedNote error={change.error} />
      </DialogRow>
    </Dialog>
  );
}

function findNext(migration: EnvironmentFlagView, cohort: string | undefined) {
  const served = migration.rules.find(({ id }) => id === cohort) ?? migration.fallthrough;
  const to = findNextStage(served) ?? 'complete';
  const already = weightOfStage(served, to);
  return { served, to, already, steps: listSteps(already) };
}

/** In percent; the first that answer from another store are few. */
function firstShare(migration: EnvironmentFlagView, cohort: string | undefined): string {
  const { to, steps } = findNext(migration, cohort);
  return String((to === 'live' ? (steps[0] ?? fullWeight) : fullWeight) / 1000);
}

function capitalise(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
