import { type Unit, units } from '@sluice/authoring';
import { lazy, type ReactNode, Suspense, useEffect, useEffectEvent, useState } from 'react';
import { Field } from '../ui/field.tsx';
import { Loading } from '../ui/loading.tsx';
import { Select } from '../ui/select.tsx';
import { findRulesFaults, isOfNumbers, type RulesDraft, toRules, withSchema } from './rules-draft.ts';
import { schemaOfSchemas } from './schema-of-schemas.ts';
import { TextToggle } from './text-toggle.tsx';
import { isRecord } from './value-schema.ts';

const JsonEditor = lazy(async () => ({ default: (await import('./json-editor.tsx')).JsonEditor }));

/** What is typed is code, what is said of it is not. */
const mono = '[&_input]:font-mono';

interface ConfigSettingsProps {
  readonly draft: RulesDraft;
  readonly change: (draft: RulesDraft) => void;
  /** Whether what stands in the text editor is no schema now. */
  readonly setBroken: (isBroken: boolean) => void;
}

/** What the values may be, and by what they may vary. */
export function ConfigSettings({ draft, change, setBroken }: ConfigSettingsProps): ReactNode {
  const isNumber = isOfNumbers(draft.schema);
  const [isTextAsked, setTextAsked] = useState(false);
  // What is no number has its bounds in the schema alone.
  const isText = isTextAsked || !isNumber;
  const faults = findRulesFaults(draft);
  const mend = useEffectEvent(() => setBroken(false));
  // What was typed goes with the editor.
  useEffect(() => () => mend(), []);
  const field = (name: Exclude<keyof RulesDraft, 'schema' | 'unit'>) => ({
    className: mono,
    autoComplete: 'off',
    value: draft[name],
    onChange: ({ target }: { readonly target: { readonly value: string } }) =>
      change({ ...draft, [name]: target.value }),
    fault: name === 'dimensions' ? undefined : faults[name],
  });
  return (
    <section aria-label="Values" className="flex flex-col gap-3">
      <div>
        <h2>Values</h2>
        <p className="mt-0.5 text-ink-2">The server refuses whatever does not fit, in every environment.</p>
      </div>
      {isText ? (
        <Suspense fallback={<Loading rows={3} />}>
          <JsonEditor
            label="Schema, as JSON"
            value={toJson(draft)}
            schema={schemaOfSchemas}
            change={(next) => {
              setBroken(!isRecord(next));
              if (isRecord(next)) change({ ...draft, ...withSchema(next) });
            }}
          />
        </Suspense>
      ) : (
        <div className="grid gap-4 tablet:grid-cols-4">
          <div>
            <span className="mb-1 block text-ink-2">Unit</span>
            <Select<Unit | ''>
              label="Unit"
              value={draft.unit}
              options={[{ value: '', label: 'no unit' }, ...units.map((unit) => ({ value: unit, label: unit }))]}
              choose={(unit) => change({ ...draft, unit })}
            />
            <p className="mt-1 text-ink-3 text-small">Another one converts no value.</p>
          </div>
          <Field label="At least" {...field('min')} />
          <Field label="At most" {...field('max')} />
          <Field
            label="One change, times"
            inputMode="decimal"
            hint="More at once has to be confirmed."
            {...field('factor')}
          />
        </div>
      )}
      {isNumber && (
        <TextToggle
          isText={isText}
          toText="Edit the schema as JSON"
          toggle={() => {
            setBroken(false);
            setTextAsked(!isText);
          }}
        />
      )}
      <Field
        label="Varies by"
        placeholder="account, route, ip, instance.region"
        hint="By comma; overrides by the first win over the next. Left empty, everybody gets the same."
        {...field('dimensions')}
      />
    </section>
  );
}

/** Schemas are JSON. */
function toJson(draft: RulesDraft): Parameters<typeof JsonEditor>[0]['value'] {
  return toRules(draft).schema as Parameters<typeof JsonEditor>[0]['value'];
}
