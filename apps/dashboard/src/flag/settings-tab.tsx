import type { EnvironmentFlagView } from '@sluice/api-client';
import type { FlagKind, InstructionInput } from '@sluice/authoring';
import { useMutation } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Plus } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { api, queryClient } from '../api.ts';
import { kindPages } from '../flags/flag-row.tsx';
import { usePlace } from '../place.ts';
import { useRefusal } from '../session/refusal.ts';
import { Button } from '../ui/button.tsx';
import { Dialog, DialogRow } from '../ui/dialog.tsx';
import { Field } from '../ui/field.tsx';
import { focusBeside } from '../ui/focus-beside.ts';
import { Name } from '../ui/name.tsx';
import { RefusedNote } from '../ui/refused-note.tsx';
import type { DefinitionDraft } from './definition-draft.ts';

interface SettingsTabProps {
  readonly flag: EnvironmentFlagView;
  readonly draft: DefinitionDraft;
  readonly change: (draft: DefinitionDraft) => void;
  /** What is done in one go, to be read first. */
  readonly review: (instruction: InstructionInput) => void;
  /** Why that cannot be reviewed now. */
  readonly refusal: string | undefined;
  /** What only its kind has. */
  readonly children?: ReactNode;
}

/** What the flag is, in every environment; and its end. */
export function SettingsTab({ flag, draft, change, review, refusal, children }: SettingsTabProps): ReactNode {
  const noun = nounOf(flag.kind);
  const [isDeleting, setDeleting] = useState(false);
  const forbidden = useRefusal([{ kind: 'delete', flag: flag.key }]);
  const set = (part: Partial<DefinitionDraft>) => change({ ...draft, ...part });
  const setVariation = (index: number, part: Partial<DefinitionDraft['variations'][number]>) =>
    set({ variations: draft.variations.map((each, at) => (at === index ? { ...each, ...part } : each)) });
  return (
    <div className="flex max-w-180 flex-col gap-6 pt-4">
      <p className="text-ink-2">These are the same in every environment.</p>
      <div className="grid gap-4 tablet:grid-cols-2">
        <Field label="Name" value={draft.name} onChange={({ target }) => set({ name: target.value })} />
        <Field label="Owner" value={draft.owner} onChange={({ target }) => set({ owner: target.value })} />
        <Field
          label="Description"
          className="tablet:col-span-2"
          value={draft.description}
          onChange={({ target }) => set({ description: target.value })}
        />
        <Field
          label="Tags"
          className="tablet:col-span-2"
          hint="By comma"
          value={draft.tags}
          onChange={({ target }) => set({ tags: target.value })}
        />
      </div>
      {flag.kind === 'release' && (
        <section aria-label="Variations">
          <h2>Variations</h2>
          <p className="mt-0.5 text-ink-2">On serves the first by default, off the last. Values are JSON.</p>
          <ul className="mt-2 flex flex-col gap-2">
            {draft.variations.map(({ id, value, name, isNew }, index) => (
              <li
                // biome-ignore lint/suspicious/noArrayIndexKey: the id of a new one changes while it is typed.
                key={index}
                className="grid items-center gap-2 max-tablet:border-line max-tablet:border-b max-tablet:pb-2 tablet:grid-cols-[10rem_1fr_1fr_auto]"
              >
                {isNew ? (
                  <Field
                    label={`Id of variation ${index + 1}`}
                    isLabelHidden
                    placeholder="Id"
                    value={id}
                    onChange={({ target }) => setVariation(index, { id: target.value })}
                  />
                ) : (
                  <Name>{id}</Name>
                )}
                <Field
                  label={`Value of variation ${index + 1}`}
                  isLabelHidden
                  placeholder="Value"
                  value={value}
                  onChange={({ target }) => setVariation(index, { value: target.value })}
                />
                <Field
                  label={`Name of variation ${index + 1}`}
                  isLabelHidden
                  placeholder="Name"
                  value={name}
                  onChange={({ target }) => setVariation(index, { name: target.value })}
                />
                <Button
                  look="ghost"
                  aria-label={`Remove variation ${id}`}
                  refusal={draft.variations.length === 2 ? 'a flag has at least two' : undefined}
                  onClick={() =>
                    focusBeside(() => set({ variations: draft.variations.filter((_, at) => at !== index) }))
                  }
                >
                  Remove
                </Button>
              </li>
            ))}
          </ul>
          <Button
            look="ghost"
            className="mt-2"
            onClick={() => set({ variations: [...draft.variations, { id: '', value: '', name: '', isNew: true }] })}
          >
            <Plus aria-hidden size={14} /> Variation
          </Button>
        </section>
      )}
      {children}
      <section aria-label={`The end of this ${noun}`} className="border-line border-t pt-4">
        <h2>{flag.archived ? 'Archived' : 'Archive or delete'}</h2>
        <p className="mt-0.5 mb-3 text-ink-2">
          {flag.archived
            ? 'SDKs get it no longer: code gets its default. Taken out, it is as it was.'
            : 'Archived, SDKs get it no longer and code gets its default; it can be taken out again. Deleted, it is gone.'}
        </p>
        <div className="flex flex-wrap gap-2">
          <Button refusal={refusal} onClick={() => review({ kind: flag.archived ? 'unarchive' : 'archive' })}>
            {flag.archived ? 'Take out of the archive…' : `Archive ${noun}…`}
          </Button>
          <Button refusal={forbidden} onClick={() => setDeleting(true)}>
            Delete {noun}…
          </Button>
        </div>
      </section>
      {isDeleting && <DeleteDialog flag={flag} close={() => setDeleting(false)} />}
    </div>
  );
}

/** What people call it. */
function nounOf(kind: FlagKind): string {
  return kind === 'release' ? 'flag' : kind;
}

interface DeleteDialogProps {
  readonly flag: EnvironmentFlagView;
  readonly close: () => void;
}

function DeleteDialog({ flag: { key: flag, kind }, close }: DeleteDialogProps): ReactNode {
  const place = usePlace();
  const navigate = useNavigate();
  const [typed, setTyped] = useState('');
  const remove = useMutation({
    mutationFn: () => api.deleteFlag(place.project, flag),
    onSuccess: async () => {
      await navigate({ to: `/$project/$environment/${kindPages[kind]}`, params: place, ignoreBlocker: true });
      void queryClient.invalidateQueries({ queryKey: [place.project, place.environment] });
    },
  });
  return (
    <Dialog
      title={
        <>
          Delete <Name>{flag}</Name> in all environments?
        </>
      }
      close={close}
      note="It cannot be brought back with its page; its history stays."
      actions={
        <>
          <Button look="ghost" onClick={close}>
            Cancel
          </Button>
          <Button
            look="write"
            busy={remove.isPending && 'Deleting'}
            refusal={typed === flag ? undefined : 'its key has to be typed'}
            onClick={() => remove.mutate()}
          >
            Delete {nounOf(kind)}
          </Button>
        </>
      }
    >
      <DialogRow label="Does">
        <p className="pt-1">Code that still reads it gets the default that it passes.</p>
      </DialogRow>
      <DialogRow label="Key">
        <Field
          label={`Type ${flag}`}
          autoFocus
          autoComplete="off"
          className="font-mono"
          value={typed}
          onChange={({ target }) => setTyped(target.value)}
        />
        <div className="pt-2">
          <RefusedNote error={remove.error} />
        </div>
      </DialogRow>
    </Dialog>
  );
}
