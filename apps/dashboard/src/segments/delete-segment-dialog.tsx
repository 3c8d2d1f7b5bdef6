import { useNavigate } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { usePlace } from '../place.ts';
import { useEnvironment } from '../shell/environment.ts';
import { useApply } from '../ui/apply.ts';
import { Button } from '../ui/button.tsx';
import { Dialog, DialogRow } from '../ui/dialog.tsx';
import { Field } from '../ui/field.tsx';
import { Name } from '../ui/name.tsx';
import { RefusedNote } from '../ui/refused-note.tsx';
import { WhyField } from '../ui/why-field.tsx';

interface DeleteSegmentDialogProps {
  readonly segment: string;
  /** Who is in it, in words. */
  readonly members: string;
  readonly close: () => void;
}

/** Asks for the key, so that the right one is meant; only a segment that nobody uses can go. */
export function DeleteSegmentDialog({ segment, members, close }: DeleteSegmentDialogProps): ReactNode {
  const place = usePlace();
  const environment = useEnvironment();
  const navigate = useNavigate();
  const [typed, setTyped] = useState('');
  const [comment, setComment] = useState('');
  const remove = useApply(() => {
    close();
    void navigate({ to: '/$project/$environment/segments', params: place, ignoreBlocker: true });
  });
  return (
    <Dialog
      title={
        <>
          Delete <Name>{segment}</Name>
        </>
      }
      environment={environment}
      close={close}
      note="One change; reverting it brings the segment back."
      actions={
        <>
          <Button look="ghost" onClick={close}>
            Cancel
          </Button>
          <Button
            look="write"
            isProduction={environment.isProduction}
            busy={remove.isPending && 'Deleting'}
            refusal={typed === segment ? undefined : 'its key is not typed yet'}
            onClick={() => remove.mutate({ segment, instructions: [{ kind: 'delete-segment' }], comment })}
          >
            Delete in {environment.name}
          </Button>
        </>
      }
    >
      <DialogRow label="What goes">{members}. Nobody uses it: no answer changes.</DialogRow>
      <DialogRow label="Its key">
        <Field
          label="Its key"
          isLabelHidden
          autoFocus
          className="font-mono"
          placeholder={segment}
          value={typed}
          onChange={({ target }) => setTyped(target.value)}
        />
      </DialogRow>
      <DialogRow label="Why">
        <WhyField value={comment} change={setComment} />
        <RefusedNote error={remove.error} />
      </DialogRow>
    </Dialog>
  );
}
