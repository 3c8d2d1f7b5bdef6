import type { TokenView } from '@sluice/api-client';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { api } from '../api.ts';
import { LastUsed } from '../environments/last-used.tsx';
import { now } from '../platform.ts';
import { describeGrants } from '../session/grants.ts';
import { Button } from '../ui/button.tsx';
import { Clock } from '../ui/clock.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { Message } from '../ui/message.tsx';
import { Row, Rows } from '../ui/section.tsx';
import { RevokeTokenDialog } from './revoke-token-dialog.tsx';

/** By what programs use the API. */
export function Tokens(): ReactNode {
  const query = useQuery({ queryKey: ['tokens'], queryFn: async () => (await api.listTokens()).items });
  return (
    <Loaded query={query} what="The tokens" rows={3}>
      {(tokens) =>
        tokens.length === 0 ? (
          <Message title="No tokens yet">
            A token lets a program use the API, such as the command in a pipeline.
          </Message>
        ) : (
          <Rows label="API tokens">
            {tokens.map((token) => (
              <TokenRow key={token.id} token={token} />
            ))}
          </Rows>
        )
      }
    </Loaded>
  );
}

function TokenRow({ token }: { readonly token: TokenView }): ReactNode {
  const [isOpen, setOpen] = useState(false);
  return (
    <Row columns="tablet:grid-cols-[minmax(0,14rem)_minmax(0,1fr)_8rem_minmax(0,11rem)_auto]">
      <b className="min-w-0">{token.name}</b>
      <span className="min-w-0 text-ink-2 max-tablet:col-start-1">{describeGrants(token.grants)}</span>
      <span className="text-ink-2 max-tablet:col-start-1">
        <LastUsed at={token.lastUsedAt} />
      </span>
      <span className="max-tablet:col-start-1">
        <Expiry at={token.expiresAt} />
      </span>
      <span className="max-tablet:col-start-2 max-tablet:row-span-4 max-tablet:row-start-1">
        <Button look="ghost" size="row" aria-label={`Revoke ${token.name}`} onClick={() => setOpen(true)}>
          Revoke…
        </Button>
      </span>
      {isOpen && <RevokeTokenDialog token={token} close={() => setOpen(false)} />}
    </Row>
  );
}

function Expiry({ at }: { readonly at: number | null }): ReactNode {
  if (at === null) return <span className="text-ink-2">never expires</span>;
  return at <= now() ? (
    <span className="text-ink-3">
      expired <Clock at={at} />
    </span>
  ) : (
    <span className="text-ink-2">
      until <Clock at={at} />
    </span>
  );
}
