import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useEffect } from 'react';
import { api } from '../api.ts';
import { RevertDialog } from '../changes/revert-dialog.tsx';
import { TurnOffDialog } from '../changes/turn-off-dialog.tsx';
import { CreateFlagDialog } from '../flags/create-flag-dialog.tsx';
import { usePlace } from '../place.ts';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Failure } from '../ui/loaded.tsx';
import { RestoreDialog } from '../valves/restore-dialog.tsx';
import { TripDialog } from '../valves/trip-dialog.tsx';
import type { Act } from './list-acts.ts';
import { TurnOnDialog } from './turn-on-dialog.tsx';

interface ActDialogProps {
  readonly act: Act;
  readonly close: () => void;
}

/** Says what an act does before it does it: the same dialogs as on the pages. */
export function ActDialog({ act, close }: ActDialogProps): ReactNode {
  switch (act.kind) {
    case 'trip':
      return <Trip valve={act.flag} close={close} />;
    case 'restore':
      return <RestoreDialog valve={act.flag} close={close} applied={close} />;
    case 'turn-off':
      return <TurnOffDialog flag={act.flag} close={close} />;
    case 'turn-on':
      return <TurnOnDialog flag={act.flag} close={close} />;
    case 'new-flag':
      return <CreateFlagDialog close={close} />;
    case 'revert':
      return <RevertLast close={close} />;
    case 'switch':
      return null;
  }
}

function Trip({ valve, close }: { readonly valve: string; readonly close: () => void }): ReactNode {
  const place = usePlace();
  const query = useQuery({
    queryKey: [place.project, place.environment, 'flag', valve, 'valve'],
    queryFn: () => api.getValve(place, valve),
  });
  if (query.error !== null) {
    return (
      <Nothing title="Trip" close={close}>
        <Failure what={`The valve ${valve}`} error={query.error} retry={() => void query.refetch()} />
      </Nothing>
    );
  }
  return query.data && <TripDialog valve={query.data} close={close} applied={close} />;
}

function RevertLast({ close }: { readonly close: () => void }): ReactNode {
  const place = usePlace();
  const query = useQuery({
    queryKey: [place.project, place.environment, 'changes', 'last'],
    queryFn: async () => (await api.listChanges(place, { limit: 1 })).items,
    staleTime: 0,
  });
  const { refetch } = query;
  // Between two acts somebody else may have changed something.
  useEffect(() => void refetch(), [refetch]);
  if (query.error !== null) {
    return (
      <Nothing title="Revert the last change" close={close}>
        <Failure what="The last change" error={query.error} retry={() => void query.refetch()} />
      </Nothing>
    );
  }
  if (query.data === undefined || query.isFetching) return null;
  const [last] = query.data;
  if (last !== undefined) return <RevertDialog change={last} close={close} />;
  return (
    <Nothing title="Revert the last change" close={close}>
      Nothing was changed here yet.
    </Nothing>
  );
}

interface NothingProps extends Pick<ActDialogProps, 'close'> {
  readonly title: string;
  readonly children: ReactNode;
}

function Nothing({ title, close, children }: NothingProps): ReactNode {
  return (
    <Dialog title={title} close={close} actions={<Button onClick={close}>Close</Button>}>
      <div className="px-6 py-4 max-tablet:px-4">{children}</div>
    </Dialog>
  );
}
