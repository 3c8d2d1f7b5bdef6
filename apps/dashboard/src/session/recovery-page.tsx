import { useMutation } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { ApiError, api } from '../api.ts';
import { Button } from '../ui/button.tsx';
import { Field } from '../ui/field.tsx';
import { BrokenLink } from './broken-link.tsx';
import { Door } from './door.tsx';
import { beginSession } from './session.ts';

/** By a link that works once: another password for who lost theirs. */
export function RecoveryPage(): ReactNode {
  const token = location.hash.slice(1);
  const navigate = useNavigate();
  const [password, setPassword] = useState('');
  const recover = useMutation({
    mutationFn: () => api.recover({ token, password }),
    onSuccess: (session) => {
      beginSession(session);
      void navigate({ to: '/', replace: true });
    },
  });
  const faults = recover.error instanceof ApiError ? recover.error.errors : [];
  if (token === '') return <BrokenLink />;
  return (
    <Door title="Come back">
      <form
        className="mt-4 flex flex-col gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          recover.mutate();
        }}
      >
        <Field
          label="Another password"
          type="password"
          autoComplete="new-password"
          required
          autoFocus
          value={password}
          onChange={({ target }) => setPassword(target.value)}
          hint="At least 12 characters; a sentence is good. You are signed out everywhere else, and a second factor is off until you begin with one again."
          fault={faults.find(({ path }) => path === 'password')?.message ?? recover.error?.message}
        />
        <Button type="submit" look="write" className="mt-1 h-9" busy={recover.isPending && 'Coming back'}>
          Come back
        </Button>
      </form>
    </Door>
  );
}
