import { type Unit, units } from '@sluice/authoring';
import { useMutation } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { api, queryClient } from '../api.ts';
import { usePlace } from '../place.ts';
import { Button } from '../ui/button.tsx';
import { Choice } from '../ui/choice.tsx';
import { Dialog, DialogRow } from '../ui/dialog.tsx';
import { Field, fieldStyle } from '../ui/field.tsx';
import { join } from '../ui/join.ts';
import { RefusedNote } from '../ui/refused-note.tsx';
import { type ConfigForm, type ConfigType, toConfig } from './to-config.ts';

const types: readonly { readonly value: ConfigType; readonly label: string }[] = [
  { value: 'integer', label: 'Whole number' },
  { value: 'number', label: 'Number' },
  { value: 'string', label: 'Text' },
  { value: 'boolean', label: 'True or false' },
  { value: 'json', label: 'Object or list' },
];

/** What is typed is code, what is said of it is not. */
const mono = '[&_input]:font-mono';

const empty: ConfigForm = {
  key: '',
  description: '',
  owner: '',
  type: 'integer',
  value: '',
  unit: '',
  min: '',
  max: '',
  factor: '',
  dimensions: '',
};

/** A value, what it may be, and by what it may vary; in every environment it begins as this. */
export function CreateConfigDialog({ close }: { readonly close: () => void }): ReactNode {
  const place = usePlace();
  const navigate = useNavigate();
  const [form, setForm] = useState(empty);
  // What is wrong is said of a field once somebody has been in it.
  const [left, setLeft] = useState<ReadonlySet<keyof ConfigForm>>(new Set());
  const meant = toConfig(form);
  const faults = 'faults' in meant ? meant.faults : {};
  const [firstFault] = Object.values(faults);
  const isNumber = form.type === 'integer' || form.type === 'number';
  const create = useMutation({
    mutationFn: async () => {
      if ('definition' in meant) await api.createFlag(place.project, meant.definition);
    },
    onSuccess: () => {
      void queryClient.invalidateQueries({ queryKey: [place.project, place.environment] });
      close();
      void navigate({ to: '/$project/$environment/configs/$key', params: { ...place, key: form.key.trim() } });
    },
  });
  const field = (name: Exclude<keyof ConfigForm, 'type' | 'unit'>) => ({
    value: form[name],
    onChange: ({ target }: { readonly target: { readonly value: string } }) =>
      setForm({ ...form, [name]: target.value }),
    onBlur: () => form[name] !== '' && setLeft(new Set([...left, name])),
    fault: left.has(name) ? faults[name] : undefined,
    autoComplete: 'off',
  });
  return (
    <Dialog
      title="New config"
      close={close}
      note="In every environment, with the same value at first."
      actions={
        <>
          <Button look="ghost" onClick={close}>
            Cancel
          </Button>
          <Button
            look="write"
            type="submit"
            form="new-config"
            refusal={firstFault}
            busy={create.isPending && 'Creating'}
          >
            Create config
          </Button>
        </>
      }
    >
      <form
        id="new-config"
        onSubmit={(event) => {
          event.preventDefault();
          if (firstFault === undefined) create.mutate();
        }}
      >
        <DialogRow label="Key">
          <Field
            label="Key"
            isLabelHidden
            autoFocus
            className={mono}
            hint="Code names it. It cannot be changed."
            {...field('key')}
          />
        </DialogRow>
        <DialogRow label="What it is">
          <Field
            label="Description"
            isLabelHidden
            placeholder="How long a product stays in the cache"
            {...field('description')}
          />
        </DialogRow>
        <DialogRow label="Type">
          <Choice
            label="Type"
            value={form.type}
            options={types}
            choose={(type) => setForm({ ...form, type, value: type === 'boolean' ? 'true' : '' })}
          />
        </DialogRow>
        <DialogRow label="Value">
          {form.type === 'boolean' ? (
            <Choice
              label="Value"
              value={form.value}
              options={['true', 'false'].map((value) => ({ value, label: value }))}
              choose={(value) => setForm({ ...form, value })}
            />
          ) : (
            <div className="flex flex-wrap items-start gap-3">
              <Field
                label="Value"
                isLabelHidden
                className={join(mono, isNumber ? 'w-40' : 'w-full')}
                placeholder={form.type === 'json' ? '{"soft": 100, "hard": 200}' : ''}
                {...field('value')}
              />
              {isNumber && (
                <label className="flex items-center gap-2">
                  <span className="text-ink-2">in</span>
                  <select
                    aria-label="Unit"
                    className={`${fieldStyle} w-auto!`}
                    value={form.unit}
                    // The options are the units.
                    onChange={({ target }) => setForm({ ...form, unit: target.value as Unit | '' })}
                  >
                    <option value="">no unit</option>
                    {units.map((unit) => (
                      <option key={unit} value={unit}>
                        {unit}
                      </option>
                    ))}
                  </select>
                </label>
              )}
            </div>
          )}
        </DialogRow>
        {isNumber && (
          <DialogRow label="Bounds">
            <div className="grid gap-3 tablet:grid-cols-3">
              <Field label="At least" className={mono} {...field('min')} />
              <Field label="At most" className={mono} {...field('max')} />
              <Field label="One change, times" className={mono} inputMode="decimal" {...field('factor')} />
            </div>
            <p className="mt-1 text-ink-3 text-small">
              Left empty there is no bound. More than so many times at once has to be confirmed.
            </p>
          </DialogRow>
        )}
        <DialogRow label="Varies by">
          <Field
            label="Varies by"
            isLabelHidden
            className={mono}
            placeholder="account, route, ip, instance.region"
            hint="Overrides can be by these, the first wins over the next. Left empty, everybody gets the same."
            {...field('dimensions')}
          />
        </DialogRow>
        <DialogRow label="Owner">
          <Field label="Owner" isLabelHidden {...field('owner')} />
        </DialogRow>
      </form>
      <div className="px-6 pb-2">
        <RefusedNote error={create.error} />
      </div>
    </Dialog>
  );
}
