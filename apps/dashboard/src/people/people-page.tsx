import { useSearch } from '@tanstack/react-router';
import { Plus } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { describeGrants } from '../session/grants.ts';
import { useMay } from '../session/may.ts';
import { useSession } from '../session/session.ts';
import { Button } from '../ui/button.tsx';
import { Message } from '../ui/message.tsx';
import { Page } from '../ui/page.tsx';
import { Tabs } from '../ui/tabs.tsx';
import { CreateTokenDialog } from './create-token-dialog.tsx';
import { InviteDialog } from './invite-dialog.tsx';
import { People } from './people.tsx';
import { Tokens } from './tokens.tsx';

const tabs = [
  { id: 'people', name: 'People' },
  { id: 'tokens', name: 'API tokens' },
] as const;

/** Who may do what: people, and programs by their tokens. */
export function PeoplePage(): ReactNode {
  const { tab = 'people' } = useSearch({ strict: false });
  const refusal = useMay().refuseEverywhere('admin');
  const grants = useSession().data?.grants ?? [];
  const [isOpen, setOpen] = useState(false);
  const isTokens = tab === 'tokens';
  return (
    <Page
      name="People and tokens"
      title="People and tokens"
      below={`Your ${grants.length > 1 ? 'roles' : 'role'}: ${describeGrants(grants)}.`}
      actions={
        <Button refusal={refusal} onClick={() => setOpen(true)}>
          <Plus aria-hidden size={14} /> {isTokens ? 'New token…' : 'Invite somebody…'}
        </Button>
      }
    >
      <Tabs tabs={tabs} current={tab} />
      <div className="-mt-px">
        {refusal !== undefined && <Message title="Who else is here is for administrators to see">{refusal}.</Message>}
        {refusal === undefined && (isTokens ? <Tokens /> : <People />)}
      </div>
      {isOpen && !isTokens && <InviteDialog close={() => setOpen(false)} />}
      {isOpen && isTokens && <CreateTokenDialog close={() => setOpen(false)} />}
    </Page>
  );
}
