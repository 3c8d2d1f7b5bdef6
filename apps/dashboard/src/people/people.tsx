import type { InvitationView, PersonView } from '@sluice/api-client';
import { useMutation, useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { api, queryClient } from '../api.ts';
import { describeGrants } from '../session/grants.ts';
import { useSession } from '../session/session.ts';
import { Button } from '../ui/button.tsx';
import { Chip } from '../ui/chip.tsx';
import { Age, Clock } from '../ui/clock.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { RefusedNote } from '../ui/refused-note.tsx';
import { Row, Rows, Section } from '../ui/section.tsx';
import { GrantsDialog } from './grants-dialog.tsx';
import { RecoveryDialog } from './recovery-dialog.tsx';
import { RemovePersonDialog } from './remove-person-dialog.tsx';

/** Who is here, and who is invited. */
export function People(): ReactNode {
  const people = useQuery({ queryKey: ['people'], queryFn: async () => (await api.listPeople()).items });
  const invitations = useQuery({
    queryKey: ['invitations'],
    queryFn: async () => (await api.listInvitations()).items,
  });
  const invited = invitations.data ?? [];
  return (
    <>
      <Loaded query={people} what="The people" rows={4}>
        {(all) => (
          <Rows label="People">
            {all.map((person) => (
              <PersonRow key={person.id} person={person} />
            ))}
          </Rows>
        )}
      </Loaded>
      {invited.length > 0 && (
        <Section title="Invited, not here yet">
          <Rows label="Invitations">
            {invited.map((invitation) => (
              <InvitationRow key={invitation.id} invitation={invitation} />
            ))}
          </Rows>
        </Section>
      )}
    </>
  );
}

function PersonRow({ person }: { readonly person: PersonView }): ReactNode {
  const isYou = useSession().data?.person?.id === person.id;
  const [open, setOpen] = useState<'grants' | 'recovery' | 'remove'>();
  const close = () => setOpen(undefined);
  return (
    <Row columns="tablet:grid-cols-[minmax(0,14rem)_minmax(0,18rem)_minmax(0,1fr)_auto]">
      <span className="flex min-w-0 flex-wrap items-center gap-x-2">
        <b className="min-w-0">{person.name}</b>
        {isYou && <span className="text-ink-3">you</span>}
        {person.hasTotp && <Chip>two factors</Chip>}
        {person.recoveryExpiresAt !== null && (
          <Chip>
            <span>
              link to come back until <Clock at={person.recoveryExpiresAt} />
            </span>
          </Chip>
        )}
      </span>
      <span className="min-w-0 text-ink-2 max-tablet:col-start-1">{person.email}</span>
      <span className="min-w-0 text-ink-2 max-tablet:col-start-1">{describeGrants(person.grants)}</span>
      <span className="flex gap-1 max-tablet:col-span-2">
        <Button
          look="ghost"
          size="row"
          aria-label={`Change what ${person.name} may do`}
          onClick={() => setOpen('grants')}
        >
          Change…
        </Button>
        {!isYou && (
          <Button
            look="ghost"
            size="row"
            aria-label={`Let in ${person.name} again`}
            onClick={() => setOpen('recovery')}
          >
            Let in…
          </Button>
        )}
        <Button look="ghost" size="row" aria-label={`Remove ${person.name}`} onClick={() => setOpen('remove')}>
          Remove…
        </Button>
      </span>
      {open === 'grants' && <GrantsDialog person={person} isYou={isYou} close={close} />}
      {open === 'recovery' && <RecoveryDialog person={person} close={close} />}
      {open === 'remove' && <RemovePersonDialog person={person} isYou={isYou} close={close} />}
    </Row>
  );
}

function InvitationRow({ invitation }: { readonly invitation: InvitationView }): ReactNode {
  const takeBack = useMutation({
    mutationFn: () => api.takeInvitationBack(invitation.id),
    onSettled: () => queryClient.invalidateQueries({ queryKey: ['invitations'] }),
  });
  const who = invitation.email ?? 'whoever has the link';
  return (
    <Row columns="tablet:grid-cols-[minmax(0,14rem)_minmax(0,18rem)_minmax(0,1fr)_auto]">
      <b className="min-w-0">{who}</b>
      <span className="text-ink-2 max-tablet:col-start-1">
        invited <Age at={invitation.createdAt} /> ago, until <Clock at={invitation.expiresAt} />
      </span>
      <span className="min-w-0 text-ink-2 max-tablet:col-start-1">{describeGrants(invitation.grants)}</span>
      <span className="max-tablet:col-start-2 max-tablet:row-span-3 max-tablet:row-start-1">
        <Button
          look="ghost"
          size="row"
          aria-label={`Take back the invitation of ${who}`}
          busy={takeBack.isPending && 'Taking back'}
          onClick={() => takeBack.mutate()}
        >
          Take back
        </Button>
      </span>
      <RefusedNote error={takeBack.error} />
    </Row>
  );
}
