import type { CredentialStreamsView, CredentialView } from '@sluice/api-client';
import { useMutation, useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { api, queryClient } from '../api.ts';
import { usePlace } from '../place.ts';
import { useEnvironment } from '../shell/environment.ts';
import { Button } from '../ui/button.tsx';
import { Dialog, DialogRow } from '../ui/dialog.tsx';
import { formatCount } from '../ui/duration.ts';
import { Loaded } from '../ui/loaded.tsx';
import { RefusedNote } from '../ui/refused-note.tsx';
import { keyKinds } from './key-kinds.ts';
import { LastUsed } from './last-used.tsx';

interface RevokeKeyDialogProps {
  readonly credential: CredentialView;
  readonly close: () => void;
}

/** When a key was last used and who would be cut; then revokes it. */
export function RevokeKeyDialog({ credential, close }: RevokeKeyDialogProps): ReactNode {
  const { id, kind, name, ending } = credential;
  const place = usePlace();
  const environment = useEnvironment();
  const queryKey = [place.project, place.environment, 'credentials'];
  const streams = useQuery({
    queryKey: [...queryKey, id, 'streams'],
    queryFn: () => api.getCredentialStreams(place, id),
    staleTime: 0,
    gcTime: 0,
  });
  const revoke = useMutation({
    mutationFn: () => api.revokeCredential(place, id),
    onSuccess: () => {
      void queryClient.invalidateQueries({ queryKey });
      close();
    },
  });
  return (
    <Dialog
      title={`Revoke the ${keyKinds[kind]} ${name}`}
      environment={environment}
      close={close}
      note="A revoked key never works again."
      actions={
        <>
          <Button look="ghost" onClick={close}>
            Cancel
          </Button>
          <Button
            look="write"
            isProduction={environment.isProduction}
            busy={revoke.isPending && 'Revoking'}
            onClick={() => revoke.mutate()}
          >
            Revoke in {environment.name}
          </Button>
        </>
      }
    >
      <DialogRow label="Key">
        <span className="font-mono">…{ending}</span>
      </DialogRow>
      <DialogRow label="Last used">
        <LastUsed at={credential.lastUsedAt} />
      </DialogRow>
      <DialogRow label="Is cut">
        <Loaded query={streams} what="Who would be cut" rows={1}>
          {(cut) => <Cut cut={cut} />}
        </Loaded>
      </DialogRow>
      <DialogRow label="Then">
        Whoever has it keeps serving what they know, and gets no change any more. New processes with it serve the
        defaults in their code.
        <RefusedNote error={revoke.error} />
      </DialogRow>
    </Dialog>
  );
}

function Cut({ cut: { streams, instances } }: { readonly cut: CredentialStreamsView }): ReactNode {
  if (streams === 0) return 'Nobody is connected with it to this server. Edges and other servers are not looked at.';
  const others = streams - instances.length;
  return (
    <>
      {instances.length > 0 && <span className="font-mono font-semibold">{instances.join(', ')}</span>}
      {others > 0 && (
        <>
          {instances.length > 0 ? ' and ' : ''}
          {formatCount(others)} {instances.length > 0 ? 'more' : ''} {others === 1 ? 'connection' : 'connections'}
        </>
      )}
      , of those at this server.
    </>
  );
}
