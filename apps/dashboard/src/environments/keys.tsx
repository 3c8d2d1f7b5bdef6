import type { CredentialView } from '@sluice/api-client';
import { useQuery } from '@tanstack/react-query';
import { Plus } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { api } from '../api.ts';
import { usePlace } from '../place.ts';
import { useMay } from '../session/may.ts';
import { useEnvironment } from '../shell/environment.ts';
import { Button } from '../ui/button.tsx';
import { Age } from '../ui/clock.tsx';
import { formatCount } from '../ui/duration.ts';
import { Loaded } from '../ui/loaded.tsx';
import { Message } from '../ui/message.tsx';
import { Row, Rows, Section } from '../ui/section.tsx';
import { CreateKeyDialog } from './create-key-dialog.tsx';
import { keyKinds } from './key-kinds.ts';
import { LastUsed } from './last-used.tsx';
import { RevokeKeyDialog } from './revoke-key-dialog.tsx';

/** By what applications get an environment's flags. */
export function Keys(): ReactNode {
  const place = usePlace();
  const { name } = useEnvironment();
  const may = useMay();
  const [isCreating, setCreating] = useState(false);
  const query = useQuery({
    queryKey: [place.project, place.environment, 'credentials'],
    queryFn: async () => (await api.listCredentials(place)).items,
  });
  return (
    <Section
      title={`Keys of ${name}`}
      note="To change one without an outage: make another, use it everywhere, revoke the old one."
      actions={
        <Button refusal={may.refuse('admin')} onClick={() => setCreating(true)}>
          <Plus aria-hidden size={14} /> New key…
        </Button>
      }
    >
      <Loaded query={query} what="The keys" rows={3}>
        {(keys) => <KeyRows keys={keys} />}
      </Loaded>
      {isCreating && <CreateKeyDialog close={() => setCreating(false)} />}
    </Section>
  );
}

function KeyRows({ keys }: { readonly keys: readonly CredentialView[] }): ReactNode {
  const inUse = keys.filter(({ revokedAt }) => revokedAt === null);
  const revoked = keys.filter(({ revokedAt }) => revokedAt !== null);
  return (
    <>
      {inUse.length === 0 && (
        <Message title="No key is valid here">Nothing can connect to this environment until there is one.</Message>
      )}
      {inUse.length > 0 && (
        <Rows label="Keys">
          {inUse.map((key) => (
            <KeyRow key={key.id} credential={key} />
          ))}
        </Rows>
      )}
      {revoked.length > 0 && (
        <details className="mt-3 text-ink-2">
          <summary className="w-fit cursor-pointer">
            {formatCount(revoked.length)} {revoked.length === 1 ? 'key was' : 'keys were'} revoked
          </summary>
          <ul className="mt-1">
            {revoked.map(({ id, kind, name, ending, revokedAt }) => (
              <li key={id} className="py-0.5">
                {keyKinds[kind]} <span className="text-ink">{name}</span> <span className="font-mono">…{ending}</span>
                {revokedAt !== null && (
                  <>
                    , revoked <Age at={revokedAt} /> ago
                  </>
                )}
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

function KeyRow({ credential }: { readonly credential: CredentialView }): ReactNode {
  const may = useMay();
  const [isOpen, setOpen] = useState(false);
  const { kind, name, ending, createdAt } = credential;
  return (
    <Row columns="tablet:grid-cols-[minmax(0,14rem)_7rem_6rem_minmax(0,1fr)_minmax(0,1fr)_auto]">
      <b className="min-w-0">{name}</b>
      <span className="text-ink-2 max-tablet:col-start-1">{keyKinds[kind]}</span>
      <span className="font-mono text-ink-2 max-tablet:col-start-1">…{ending}</span>
      <span className="text-ink-2 max-tablet:col-start-1">
        <LastUsed at={credential.lastUsedAt} />
      </span>
      <span className="text-ink-2 max-tablet:col-start-1">
        made <Age at={createdAt} /> ago
      </span>
      <span className="max-tablet:col-start-2 max-tablet:row-span-4 max-tablet:row-start-1">
        <Button
          look="ghost"
          size="row"
          aria-label={`Revoke ${name} …${ending}`}
          refusal={may.refuse('admin')}
          onClick={() => setOpen(true)}
        >
          Revoke…
        </Button>
      </span>
      {isOpen && <RevokeKeyDialog credential={credential} close={() => setOpen(false)} />}
    </Row>
  );
}
