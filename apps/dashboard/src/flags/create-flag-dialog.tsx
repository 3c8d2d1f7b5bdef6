import type { FlagKind } from '@sluice/authoring';
import { useMutation } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { api, queryClient } from '../api.ts';
import { usePlace } from '../place.ts';
import { useMay } from '../session/may.ts';
import { Button } from '../ui/button.tsx';
import { Choice } from '../ui/choice.tsx';
import { Dialog, DialogRow } from '../ui/dialog.tsx';
import { Field } from '../ui/field.tsx';
import { RefusedNote } from '../ui/refused-note.tsx';
import { kindPages } from './flag-row.tsx';
import { findValuesFault, toDefinition } from './to-definition.ts';

const kinds: readonly { readonly value: FlagKind; readonly label: string; readonly what: string }[] = [
  { value: 'release', label: 'Release', what: 'Turns something on, for some or all.' },
  { value: 'valve', label: 'Valve', what: 'Degrades a feature in a second, and brings it back.' },
  { value: 'config', label: 'Config', what: 'A number or text that changes while everything runs.' },
  { value: 'migration', label: 'Migration', what: 'Moves data from one store to another, with a way back.' },
];

interface CreateFlagDialogProps {
  /** Of what kind it is at first. */
  readonly kind?: FlagKind;
  readonly close: () => void;
}

/** Four fields; the flag is off until somebody turns it on. */
export function CreateFlagDialog({ kind: first = 'release', close }: CreateFlagDialogProps): ReactNode {
  const place = usePlace();
  const navigate = useNavigate();
  const [key, setKey] = useState('');
  const [kind, setKind] = useState<FlagKind>(first);
  const [values, setValues] = useState('');
  const [owner, setOwner] = useState('');
  const create = useMutation({
    mutationFn: () => api.createFlag(place.project, toDefinition({ key, kind, owner, values })),
    onSuccess: () => {
      void queryClient.invalidateQueries({ queryKey: [place.project, place.environment] });
      close();
      void navigate({ to: `/$project/$environment/${kindPages[kind]}/$key`, params: { ...place, key } });
    },
  });
  const forbidden = useMay().refuseInProject('editor');
  const valuesFault = findValuesFault({ kind, values });
  const fault =
    forbidden ??
    (key === ''
      ? 'it has no key yet'
      : kind === 'config' && values === ''
        ? 'a config begins with a value'
        : valuesFault);
  return (
    <Dialog
      title="New flag"
      close={close}
      note={forbidden ?? 'In every environment, off until it is turned on.'}
      actions={
        <>
          <Button look="ghost" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" form="create-flag" look="write" refusal={fault} busy={create.isPending && 'Creating'}>
            Create flag
          </Button>
        </>
      }
    >
      <form
        id="create-flag"
        onSubmit={(event) => {
          event.preventDefault();
          if (fault === undefined) create.mutate();
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
            hint="Code names it; letters, digits, dot, dash and underscore. It cannot be changed."
          />
        </DialogRow>
        <DialogRow label="Kind">
          <Choice label="Kind" value={kind} options={kinds} choose={setKind} />
          <p className="mt-1 text-ink-2">{kinds.find(({ value }) => value === kind)?.what}</p>
        </DialogRow>
        <DialogRow label={valuesLabel[kind].label}>
          <Field
            label={valuesLabel[kind].label}
            isLabelHidden
            className="font-mono"
            disabled={kind === 'migration'}
            value={values}
            onChange={({ target }) => setValues(target.value)}
            fault={valuesFault}
            hint={valuesLabel[kind].hint}
          />
        </DialogRow>
        <DialogRow label="Owner">
          <Field label="Owner" isLabelHidden value={owner} onChange={({ target }) => setOwner(target.value)} />
        </DialogRow>
      </form>
      <div className="px-6 pb-2">
        <RefusedNote error={create.error} />
      </div>
    </Dialog>
  );
}

const valuesLabel: Readonly<Record<FlagKind, { readonly label: string; readonly hint: string }>> = {
  release: {
    label: 'Variations',
    hint: 'By comma, JSON where it is: v1, 60, "hello, world". Left empty it is true and false.',
  },
  valve: { label: 'Modes', hint: 'By comma, the normal one first, then by severity: normal, cached, off-404' },
  config: { label: 'Value', hint: 'JSON: 60, "text", [1, 2] or an object. Bounds can be set in its settings.' },
  migration: { label: 'Stages', hint: 'The six that every migration has.' },
};
