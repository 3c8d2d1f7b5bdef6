import type { BarrierView, ChangeView, EnvironmentFlagView } from '@sluice/api-client';
import { listStagesInForce, type Stage, type StageMove, stages } from '@sluice/authoring';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { api } from '../api.ts';
import { Effects } from '../changes/effects.tsx';
import { ClausesSentence, createClause } from '../flag/clauses-sentence.tsx';
import type { Clause } from '../flag/draft.ts';
import { usePlace } from '../place.ts';
import { useSettled } from '../review/use-settled.ts';
import { useEnvironment } from '../shell/environment.ts';
import { useApply } from '../ui/apply.ts';
import { Button } from '../ui/button.tsx';
import { Choice } from '../ui/choice.tsx';
import { Dialog, DialogRow } from '../ui/dialog.tsx';
import { Field } from '../ui/field.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { Name } from '../ui/name.tsx';
import { RefusedNote } from '../ui/refused-note.tsx';
import { WhyField } from '../ui/why-field.tsx';
import { findHold, idOf, listObstacles, toOverrule } from './obstacles.ts';
import { Obstacles } from './obstacles.tsx';
import { stageWords } from './stage-words.ts';

interface AddCohortDialogProps {
  readonly migration: EnvironmentFlagView;
  readonly applied: (change: ChangeView) => void;
  readonly close: () => void;
}

const noBarriers: readonly BarrierView[] = [];
/** Nothing begins in `complete`: there is no way back, and to advance asks for the key. */
const choices = stages.filter((stage) => stage !== 'complete');

/** Records that go ahead of the others, or stay behind: which, and in what stage. */
export function AddCohortDialog({ migration, applied, close }: AddCohortDialogProps): ReactNode {
  const place = usePlace();
  const environment = useEnvironment();
  const [clauses, setClauses] = useState<readonly Clause[]>([createClause('record')]);
  const [stage, setStage] = useState<Stage>(() => findStage(migration));
  const [id, setId] = useState(() => nameCohort(migration));
  const [comment, setComment] = useState('');
  const [overruled, setOverruled] = useState<ReadonlySet<string>>();
  const isWhole = clauses.length > 0 && clauses.every(({ values }) => values.length > 0);
  const move: StageMove = {
    kind: 'set-stage',
    stage,
    when: clauses.map((clause) => ({ ...clause, values: [...clause.values] })),
    id: id.trim(),
  };
  const asked = useSettled(move);
  const preview = useQuery({
    queryKey: [place.project, place.environment, 'barriers', migration.key, 'add-cohort', asked, migration.version],
    queryFn: () => api.change(place, { flag: migration.key, instructions: [asked], dryRun: true }),
    placeholderData: keepPreviousData,
    enabled: isWhole && move.id !== '' && asked.when?.every(({ values }) => values.length > 0) === true,
    retry: false,
    staleTime: 0,
    gcTime: 0,
  });
  const obstacles = listObstacles(preview.data?.barriers ?? noBarriers);
  const named = obstacles.filter((each) => !each.isMet && overruled?.has(idOf(each)) === true);
  const change = useApply((made) => {
    close();
    applied(made);
  });
  const refusal = !isWhole
    ? 'say which records first'
    : id.trim() === ''
      ? 'give it a name'
      : preview.error !== null
        ? 'the server would refuse it'
        : preview.data === undefined
          ? 'what it would do is not known yet'
          : findHold(obstacles, { named, comment });
  return (
    <Dialog
      title={
        <>
          New cohort of <Name>{migration.key}</Name>
        </>
      }
      environment={environment}
      close={close}
      note={
        refusal !== undefined
          ? `${refusal.charAt(0).toUpperCase()}${refusal.slice(1)}.`
          : migration.rules.length === 0
            ? 'Its records no longer move with the others.'
            : 'It goes before the cohorts that are there.'
      }
      actions={
        <>
          <Button look="ghost" onClick={close}>
            Cancel
          </Button>
          <Button
            look="write"
            isProduction={environment.isProduction}
            busy={change.isPending && 'Adding'}
            refusal={refusal}
            onClick={() =>
              change.mutate({
                flag: migration.key,
                instructions: [{ ...move, ...(named.length > 0 && { overrule: toOverrule(named, comment) }) }],
                comment,
              })
            }
          >
            {named.length > 0 ? 'Add without waiting in ' : 'Add in '}
            {environment.name}
          </Button>
        </>
      }
    >
      <DialogRow label="Records">
        <div className="leading-7">
          <ClausesSentence clauses={clauses} change={setClauses} of="the cohort" contextKind="record" />
        </div>
        <p className="mt-1 text-ink-3 text-small">
          Records have a key. Whatever else a condition asks for, such as the account, is what the code passes with
          them.
        </p>
      </DialogRow>
      <DialogRow label="Stage">
        <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
          <Choice
            label="Stage"
            value={stage}
            options={choices.map((value) => ({ value, label: value }))}
            choose={setStage}
          />
          <span className="text-ink-2">{stageWords[stage]}.</span>
        </div>
      </DialogRow>
      <DialogRow label="Name">
        <Field
          label="Name"
          isLabelHidden
          autoCapitalize="none"
          autoComplete="off"
          spellCheck={false}
          value={id}
          onChange={({ target }) => setId(target.value)}
        />
      </DialogRow>
      <DialogRow label="Changes">
        <div className="pt-1" aria-live="polite">
          {!isWhole ? (
            <span className="text-ink-3">Say which records first.</span>
          ) : preview.error !== null ? (
            <RefusedNote error={preview.error} />
          ) : (
            <Loaded query={preview} what="What it would do" rows={2}>
              {(planned) => <Effects change={planned} />}
            </Loaded>
          )}
        </div>
      </DialogRow>
      {isWhole && preview.error === null && obstacles.length > 0 && (
        <DialogRow label="Waits for">
          <Obstacles obstacles={obstacles} overruled={overruled} overrule={setOverruled} />
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

/** The first name that no cohort has. */
function nameCohort({ rules }: EnvironmentFlagView): string {
  const numbers = Array.from({ length: rules.length + 1 }, (_, at) => `cohort-${at + 1}`);
  return numbers.find((name) => !rules.some(({ id }) => id === name)) ?? '';
}

/** Where the other records are, or the first of them: a cohort begins by staying there. */
function findStage({ fallthrough }: EnvironmentFlagView): Stage {
  const [first = 'off'] = listStagesInForce({ fallthrough, rules: [] });
  return first === 'complete' ? 'rampdown' : first;
}
