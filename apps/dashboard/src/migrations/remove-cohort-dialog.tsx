import type { ChangeView, EnvironmentFlagView } from '@sluice/api-client';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { api } from '../api.ts';
import { Effects } from '../changes/effects.tsx';
import { usePlace } from '../place.ts';
import { useEnvironment } from '../shell/environment.ts';
import { useApply } from '../ui/apply.ts';
import { Button } from '../ui/button.tsx';
import { Dialog, DialogRow } from '../ui/dialog.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { Name } from '../ui/name.tsx';
import { RefusedNote } from '../ui/refused-note.tsx';
import { WhyField } from '../ui/why-field.tsx';

interface RemoveCohortDialogProps {
  readonly migration: EnvironmentFlagView;
  readonly cohort: string;
  readonly applied: (change: ChangeView) => void;
  readonly close: () => void;
}

/** Its records go to where all others are, or to the next cohort that they are in. */
export function RemoveCohortDialog({ migration, cohort, applied, close }: RemoveCohortDialogProps): ReactNode {
  const place = usePlace();
  const environment = useEnvironment();
  const [comment, setComment] = useState('');
  const input = { flag: migration.key, instructions: [{ kind: 'remove-cohort' as const, id: cohort }] };
  const preview = useQuery({
    queryKey: [place.project, place.environment, 'flag', migration.key, 'remove-cohort', cohort],
    queryFn: () => api.change(place, { ...input, dryRun: true }),
    retry: false,
    staleTime: 0,
    gcTime: 0,
  });
  const change = useApply((made) => {
    close();
    applied(made);
  });
  const isClosed = preview.data?.barriers?.some(({ isOpen }) => !isOpen) === true;
  return (
    <Dialog
      title={
        <>
          Remove cohort <Name>{cohort}</Name>
        </>
      }
      environment={environment}
      close={close}
      note="Its records go to where the others are."
      actions={
        <>
          <Button look="ghost" onClick={close}>
            Cancel
          </Button>
          <Button
            look="write"
            isProduction={environment.isProduction}
            busy={change.isPending && 'Removing'}
            refusal={
              preview.error !== null
                ? 'the server would refuse it'
                : isClosed
                  ? 'gates before where its records would go are open; move it there first'
                  : undefined
            }
            onClick={() => change.mutate({ ...input, comment })}
          >
            Remove in {environment.name}
          </Button>
        </>
      }
    >
      <DialogRow label="Changes">
        <Loaded query={preview} what="What it would do" rows={2}>
          {(planned) => <Effects change={planned} />}
        </Loaded>
      </DialogRow>
      <DialogRow label="Why">
        <WhyField autoFocus value={comment} change={setComment} />
        <RefusedNote error={change.error} />
      </DialogRow>
    </Dialog>
  );
}
