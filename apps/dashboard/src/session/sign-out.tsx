import { useMutation } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { endSession } from './session.ts';

export interface SignOut {
  readonly signOut: () => void;
  /** Says why it did not work; to be shown somewhere. */
  readonly failure: ReactNode;
}

export function useSignOut(): SignOut {
  const { mutate, reset, error, isPending } = useMutation({ mutationFn: endSession });
  const signOut = () => mutate();
  return {
    signOut,
    failure: error !== null && (
      <Dialog
        title="You are still signed in"
        close={reset}
        actions={
          <>
            <Button look="ghost" onClick={reset}>
              Stay
            </Button>
            <Button busy={isPending && 'Signing out'} onClick={signOut}>
              Try again
            </Button>
          </>
        }
      >
        <p role="alert" className="px-6 py-4 max-tablet:px-4">
          The server did not end the session: {error.message}. Whoever uses this browser next can go on as you.
        </p>
      </Dialog>
    ),
  };
}

export function SignOutButton(): ReactNode {
  const { signOut, failure } = useSignOut();
  return (
    <>
      <Button onClick={signOut}>Sign out</Button>
      {failure}
    </>
  );
}
