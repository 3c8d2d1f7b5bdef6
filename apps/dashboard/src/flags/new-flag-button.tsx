import type { FlagKind } from '@sluice/authoring';
import { Plus } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { useMay } from '../session/may.ts';
import { Button } from '../ui/button.tsx';
import { CreateFlagDialog } from './create-flag-dialog.tsx';

/** Where there is nothing of a kind yet: the way to the first. */
export function NewFlagButton({ kind }: { readonly kind: FlagKind }): ReactNode {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Button refusal={useMay().refuseInProject('editor')} onClick={() => setOpen(true)}>
        <Plus aria-hidden size={14} /> New {kind === 'release' ? 'flag' : kind}
      </Button>
      {isOpen && <CreateFlagDialog kind={kind} close={() => setOpen(false)} />}
    </>
  );
}
