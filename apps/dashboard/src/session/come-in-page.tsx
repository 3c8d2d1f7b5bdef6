import { useMutation } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { ApiError, api } from '../api.ts';
import { Button } from '../ui/button.tsx';
import { Field } from '../ui/field.tsx';
import { BrokenLink } from './broken-link.tsx';
import { Door } from './door.tsx';
import { beginSession } from './session.ts';

export function SetupPage(): ReactNode {
  return <ComeIn title="The first administrator" send={api.setUp} />;
}

export function InvitationPage(): ReactNode {
  return <ComeIn title="You were invited" send={api.acceptInvitation} />;
}

interface ComeInProps {
  readonly title: string;
  readonly send: typeof api.setUp;
}

/** By a link that works once: who one is, and the password that one chooses. The link's secret never reaches a log. */
function ComeIn({ title, send }: ComeInProps): ReactNode {
  const token = location.hash.slice(1);
  const navigate = useNavigate();
  const [email, setEmail] = useState('');
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const comeIn = useMutation({
    mutationFn: () => send({ token, email, name, password }),
    onSuccess: (session) => {
      beginSession(session);
      void navigate({ to: '/', replace: true });
    },
  });
  const faults = comeIn.error instanceof ApiError ? comeIn.error.errors : [];
  const faultOf = (field: string) => faults.find(({ path }) => path === field)?.message;
  const [nameFault, emailFault] = [faultOf('name'), faultOf('email')];
  if (token === '') return <BrokenLink />;
  return (
    <Door title={title}>
      <form
        className="mt-4 flex flex-col gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          comeIn.mutate();
        }}
      >
        <Field
          label="Your name"
          autoComplete="name"
          required
          autoFocus
          value={name}
          onChange={({ target }) => setName(target.value)}
          fault={nameFault}
        />
        <Field
          label="E-mail"
          type="email"
          autoComplete="username"
          required
          value={email}
          onChange={({ target }) => setEmail(target.value)}
          fault={emailFault}
        />
        <Field
          label="Password"
          type="password"
          autoComplete="new-password"
          required
          value={password}
          onChange={({ target }) => setPassword(target.value)}
          hint="At least 12 characters; a sentence is good."
          // Of the link, too, and of what is about none of these.
          fault={
            faultOf('password') ??
            (nameFault === undefined && emailFault === undefined ? comeIn.error?.message : undefined)
          }
        />
        <Button type="submit" look="write" className="mt-1 h-9" busy={comeIn.isPending && 'Coming in'}>
          Come in
        </Button>
      </form>
    </Door>
  );
}
