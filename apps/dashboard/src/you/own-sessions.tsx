import type { OwnSessionView } from '@sluice/api-client';
import { useMutation, useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { api, queryClient } from '../api.ts';
import { describeBrowser } from '../session/describe-browser.ts';
import { Button } from '../ui/button.tsx';
import { Age } from '../ui/clock.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { RefusedNote } from '../ui/refused-note.tsx';
import { Row, Rows, Section } from '../ui/section.tsx';

const queryKey = ['own-sessions'] as const;

/** Where one is signed in, and the way to end it there. */
export function OwnSessions(): ReactNode {
  const query = useQuery({ queryKey, queryFn: async () => (await api.listOwnSessions()).items });
  return (
    <Section title="Where you are signed in" note="One that you do not know: sign it out, and change your password.">
      <Loaded query={query} what="Your sessions" rows={2}>
        {(sessions) => (
          <Rows label="Sessions">
            {sessions.map((session) => (
              <SessionRow key={session.id} session={session} />
            ))}
          </Rows>
        )}
      </Loaded>
    </Section>
  );
}

function SessionRow({ session }: { readonly session: OwnSessionView }): ReactNode {
  const { id, isThis, browser, address, createdAt } = session;
  const name = describeBrowser(browser);
  const end = useMutation({
    mutationFn: () => api.endOwnSession(id),
    onSettled: () => queryClient.invalidateQueries({ queryKey }),
  });
  return (
    <Row columns="tablet:grid-cols-[minmax(0,14rem)_minmax(0,14rem)_minmax(0,1fr)_auto]">
      <b className="min-w-0" title={browser}>
        {name}
      </b>
      <span className="figures min-w-0 text-ink-2 max-tablet:col-start-1">{address}</span>
      <span className="text-ink-2 max-tablet:col-start-1">
        since <Age at={createdAt} />
      </span>
      <span className="max-tablet:col-start-2 max-tablet:row-span-3 max-tablet:row-start-1">
        {isThis ? (
          <span className="text-ink-3">this one</span>
        ) : (
          <Button
            look="ghost"
            size="row"
            aria-label={`Sign out ${name} at ${address}`}
            busy={end.isPending && 'Signing out'}
            onClick={() => end.mutate()}
          >
            Sign out
          </Button>
        )}
      </span>
      <RefusedNote error={end.error} />
    </Row>
  );
}
