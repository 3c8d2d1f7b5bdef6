import { type ReactNode, useState } from 'react';
import { Button } from '../ui/button.tsx';
import { Dialog, DialogRow } from '../ui/dialog.tsx';
import { Field } from '../ui/field.tsx';
import type { SegmentDraft } from './segment-draft.ts';

interface EditNameDialogProps {
  readonly draft: SegmentDraft;
  readonly change: (changed: Pick<SegmentDraft, 'name' | 'description'>) => void;
  readonly close: () => void;
}

/** What people call it, and who is meant; an edit like any other. */
export function EditNameDialog({ draft, change, close }: EditNameDialogProps): ReactNode {
  const [name, setName] = useState(draft.name);
  const [description, setDescription] = useState(draft.description);
  const fault = name.trim() === '' ? 'it has no name' : undefined;
  const send = () => {
    change({ name: name.trim(), description: description.trim() });
    close();
  };
  return (
    <Dialog
      title="Describe the segment"
      close={close}
      note="Nothing is applied yet: it joins the other edits."
      actions={
        <>
          <Button look="ghost" onClick={close}>
            Cancel
          </Button>
          <Button look="accent" refusal={fault} onClick={send}>
            Done
          </Button>
        </>
      }
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (fault === undefined) send();
        }}
      >
        <DialogRow label="Name">
          <Field label="Name" isLabelHidden autoFocus value={name} onChange={({ target }) => setName(target.value)} />
        </DialogRow>
        <DialogRow label="Who is meant">
          <Field
            label="Who is meant"
            isLabelHidden
            value={description}
            onChange={({ target }) => setDescription(target.value)}
          />
        </DialogRow>
        <button type="submit" className="sr-only" tabIndex={-1}>
          Done
        </button>
      </form>
    </Dialog>
  );
}
