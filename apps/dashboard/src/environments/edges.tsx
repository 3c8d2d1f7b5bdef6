import type { EdgeView } from '@sluice/api-client';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Plus } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { api, queryClient } from '../api.ts';
import { useMay } from '../session/may.ts';
import { Button } from '../ui/button.tsx';
import { Dialog, DialogRow } from '../ui/dialog.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { Message } from '../ui/message.tsx';
import { RefusedNote } from '../ui/refused-note.tsx';
import { Row, Rows, Section } from '../ui/section.tsx';
import { CreateEdgeDialog } from './create-edge-dialog.tsx';
import { LastUsed } from './last-used.tsx';

/** Relays close to instances, each with a key of its own; of the whole installation. */
export function Edges(): ReactNode {
  const may = useMay();
  const refusal = may.refuseEverywhere('admin');
  const [isCreating, setCreating] = useState(false);
  const query = useQuery({
    queryKey: ['edges'],
    queryFn: async () => (await api.listEdges()).items,
    enabled: refusal === undefined,
  });
  return (
    <Section
      title="Edges"
      note="Servers without a database, close to your instances: they serve on while this one is away."
      actions={
        <Button refusal={refusal} onClick={() => setCreating(true)}>
          <Plus aria-hidden size={14} /> New edge…
        </Button>
      }
    >
      {refusal !== undefined ? (
        <p className="text-ink-2">Edges are for administrators of everything. {refusal}.</p>
      ) : (
        <Loaded query={query} what="The edges" rows={2}>
          {(edges) =>
            edges.length === 0 ? (
              <Message title="No edges yet">Instances connect to this server directly.</Message>
            ) : (
              <Rows label="Edges">
                {edges.map((edge) => (
                  <EdgeRow key={edge.id} edge={edge} />
                ))}
              </Rows>
            )
          }
        </Loaded>
      )}
      {isCreating && <CreateEdgeDialog close={() => setCreating(false)} />}
    </Section>
  );
}

function EdgeRow({ edge }: { readonly edge: EdgeView }): ReactNode {
  const { name, isConnected, lastUsedAt } = edge;
  const [isOpen, setOpen] = useState(false);
  return (
    <Row columns="tablet:grid-cols-[minmax(0,14rem)_minmax(0,1fr)_minmax(0,12rem)_auto]">
      <b className="min-w-0">{name}</b>
      <span className="min-w-0 text-ink-2 max-tablet:col-start-1">serves {describeEnvironments(edge)}</span>
      <span className="text-ink-2 max-tablet:col-start-1">
        {isConnected ? 'connected' : <LastUsed at={lastUsedAt} />}
      </span>
      <span className="max-tablet:col-start-2 max-tablet:row-span-3 max-tablet:row-start-1">
        <Button look="ghost" size="row" aria-label={`Revoke edge ${name}`} onClick={() => setOpen(true)}>
          Revoke…
        </Button>
      </span>
      {isOpen && <RevokeEdgeDialog edge={edge} close={() => setOpen(false)} />}
    </Row>
  );
}

function describeEnvironments({ environments }: EdgeView): string {
  return environments.map(({ project, environment }) => `${project} / ${environment}`).join(', ');
}

function RevokeEdgeDialog({ edge, close }: { readonly edge: EdgeView; readonly close: () => void }): ReactNode {
  const revoke = useMutation({
    mutationFn: () => api.revokeEdge(edge.id),
    onSuccess: () => {
      void queryClient.invalidateQueries({ queryKey: ['edges'] });
      close();
    },
  });
  return (
    <Dialog
      title={`Revoke the edge ${edge.name}`}
      close={close}
      note="Its link ends at once, and its key never works again."
      actions={
        <>
          <Button look="ghost" onClick={close}>
            Cancel
          </Button>
          <Button look="write" busy={revoke.isPending && 'Revoking'} onClick={() => revoke.mutate()}>
            Revoke edge
          </Button>
        </>
      }
    >
      <DialogRow label="Serves">{describeEnvironments(edge)}</DialogRow>
      <DialogRow label="Is">{edge.isConnected ? 'connected now' : <LastUsed at={edge.lastUsedAt} />}</DialogRow>
      <DialogRow label="Then">
        Its instances keep serving what they know, and get no change by it any more.
        <RefusedNote error={revoke.error} />
      </DialogRow>
    </Dialog>
  );
}
