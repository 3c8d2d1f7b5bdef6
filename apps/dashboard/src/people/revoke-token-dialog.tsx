import type { TokenView } from '@sluice/api-client';
import { useMutation } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { api, queryClient } from '../api.ts';
import { LastUsed } from '../environments/last-used.tsx';
import { describeGrants } from '../session/grants.ts';
import { Button } from '../ui/button.tsx';
import { Dialog, DialogRow } from '../ui/dialog.tsx';
import { RefusedNote } from '../ui/refused-note.tsx';

export function RevokeTokenDialog({
  token,
  close,
}: {
  readonly token: TokenView;
  readonly close: () => void;
}): ReactNode {
  const revoke = useMutation({
    mutationFn: () => api.revokeToken(token.id),
    onSuccess: () => {
      void queryClient.invalidateQueries({ queryKey: ['tokens'] });
      close();
    },
  });
  return (
    <Dialog
      title={`Revoke the token ${token.name}`}
      close={close}
      note="A revoked token never works again."
      actions={
        <>
          <Button look="ghost" onClick={close}>
            Cancel
          </Button>
          <Button look="write" busy={revoke.isPending && 'Revoking'} onClick={() => revoke.mutate()}>
            Revoke token
          </Button>
        </>
      }
    >
      <DialogRow label="It is">{describeGrants(token.grants)}</DialogRow>
      <DialogRow label="Last used">
        <LastUsed at={token.lastUsedAt} />
      </DialogRow>
      <DialogRow label="Then">
        Programs that use it are refused from their next request on.
        <RefusedNote error={revoke.error} />
      </DialogRow>
    </Dialog>
  );
}
