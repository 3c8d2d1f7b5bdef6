import { useQuery } from '@tanstack/react-query';
import { Check, TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import { api } from '../api.ts';
import { usePlace } from '../place.ts';
import { useEnvironment } from '../shell/environment.ts';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { formatCount } from '../ui/duration.ts';
import { Loaded } from '../ui/loaded.tsx';

/** Whether each change still fits the one before it, to the first. */
export function ChainDialog({ close }: { readonly close: () => void }): ReactNode {
  const place = usePlace();
  const environment = useEnvironment();
  const query = useQuery({
    queryKey: [place.project, place.environment, 'chain'],
    queryFn: () => api.verifyChain(place),
    retry: false,
    staleTime: 0,
    gcTime: 0,
  });
  return (
    <Dialog
      title="Is the history whole?"
      environment={environment}
      close={close}
      note="Each change carries the hash of the one before it. The server also logs the newest hash hourly, to compare from outside."
      actions={
        <>
          <Button busy={query.isFetching && 'Verifying'} onClick={() => void query.refetch()}>
            Verify again
          </Button>
          <Button onClick={close}>Close</Button>
        </>
      }
    >
      <div className="px-6 py-4 max-tablet:px-4" role="status">
        {query.isPending && <p className="text-ink-2">Verifying each change. A long history takes a few seconds.</p>}
        <Loaded query={query} what="The history's verification" rows={1}>
          {({ intact, changes, broken }) =>
            intact ? (
              <p className="flex items-center gap-2">
                <Check aria-hidden size={15} />
                <span>
                  <b className="figures">{formatCount(changes)} changes</b>, verified to the first. None was altered or
                  removed.
                </span>
              </p>
            ) : (
              <p className="flex items-start gap-2 text-red-text">
                <TriangleAlert aria-hidden size={15} className="mt-0.5 shrink-0" />
                <span>
                  <b>The history does not fit{broken && ` at v${formatCount(broken.version)}`}.</b>{' '}
                  {broken !== undefined && `${broken.reason}. `}
                  {formatCount(changes)} changes before it fit. Compare with a backup.
                </span>
              </p>
            )
          }
        </Loaded>
      </div>
    </Dialog>
  );
}
