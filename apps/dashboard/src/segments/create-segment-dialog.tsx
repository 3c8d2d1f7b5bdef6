import { useNavigate } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { usePlace } from '../place.ts';
import { useEnvironment } from '../shell/environment.ts';
import { useApply } from '../ui/apply.ts';
import { Button } from '../ui/button.tsx';
import { Dialog, DialogRow } from '../ui/dialog.tsx';
import { Field } from '../ui/field.tsx';
import { RefusedNote } from '../ui/refused-note.tsx';

/** A key and what it is for; it is empty until somebody says who is in it. */
export function CreateSegmentDialog({ close }: { readonly close: () => void }): ReactNode {
  const place = usePlace();
  const environment = useEnvironment();
  const navigate = useNavigate();
  const [key, setKey] = useState('');
  const [description, setDescription] = useState('');
  const create = useApply(() => {
    close();
    void navigate({ to: '/$project/$environment/segments/$key', params: { ...place, key } });
  });
  const fault = key === '' ? 'it has no key yet' : undefined;
  const send = () =>
    create.mutate({
      segment: key,
      instructions: [{ kind: 'create-segment', ...(description !== '' && { description }) }],
    });
  return (
    <Dialog
      title="New segment"
      environment={environment}
      close={close}
      note="Empty, and used by nobody."
      actions={
        <>
          <Button look="ghost" onClick={close}>
            Cancel
          </Button>
          <Button
            look="write"
            isProduction={environment.isProduction}
            refusal={fault}
            busy={create.isPending && 'Creating'}
            onClick={send}
          >
            Create in {environment.name}
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
        <DialogRow label="Key">
          <Field
            label="Key"
            isLabelHidden
            autoFocus
            required
            className="font-mono"
            value={key}
            onChange={({ target }) => setKey(target.value)}
            hint="Rules name it; letters, digits, dot, dash and underscore. It cannot be changed."
          />
        </DialogRow>
        <DialogRow label="Who is meant">
          <Field
            label="Who is meant"
            isLabelHidden
            value={description}
            onChange={({ target }) => setDescription(target.value)}
            hint="In a few words, for whoever finds it in a rule"
          />
        </DialogRow>
        <button type="submit" className="sr-only" tabIndex={-1}>
          Create segment
        </button>
      </form>
      <div className="px-6 pb-2 max-tablet:px-4">
        <RefusedNote error={create.error} />
      </div>
    </Dialog>
  );
}
