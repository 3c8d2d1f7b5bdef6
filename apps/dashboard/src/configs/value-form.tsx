import type { JsonSchema, JsonValue, Unit } from '@sluice/authoring';
import { Plus, X } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { isSame } from '../flag/draft.ts';
import { readJson } from '../read-json.ts';
import { Button } from '../ui/button.tsx';
import { Choice } from '../ui/choice.tsx';
import { fieldStyle } from '../ui/field.tsx';
import { focusBeside } from '../ui/focus-beside.ts';
import { join } from '../ui/join.ts';
import type { ValueFault } from './find-value-faults.ts';
import { QuantityField } from './quantity-field.tsx';
import { fieldKindOf, isRecord, resolveSchema, startOf, stepOf } from './value-schema.ts';

interface ValueFormProps {
  /** Of the whole config: what references lead into. */
  readonly root: JsonSchema;
  readonly schema: JsonSchema;
  readonly unit?: Unit | undefined;
  readonly label: string;
  readonly value: JsonValue;
  /** As it is applied; absent: it is new. */
  readonly was: JsonValue | undefined;
  readonly path: ValueFault['path'];
  readonly faults: readonly ValueFault[];
  readonly change: (value: JsonValue) => void;
}

/** A field for each part of a value, as the schema says; what no field can show is JSON. */
export function ValueForm(props: ValueFormProps): ReactNode {
  const { root, schema, unit, label, value, was, path, faults, change } = props;
  const kind = fieldKindOf(schema, value);
  const own = faults.find((fault) => isSame(fault.path, path))?.message;
  const isEdited = was !== undefined && !isSame(was, value);
  switch (kind) {
    case 'number':
      return (
        <QuantityField
          label={label}
          value={typeof value === 'number' ? value : null}
          unit={unit}
          step={stepOf(schema)}
          isEdited={isEdited}
          fault={own}
          change={change}
        />
      );
    case 'boolean':
      return (
        <Choice
          label={label}
          value={String(value)}
          options={['true', 'false'].map((each) => ({ value: each, label: each }))}
          choose={(next) => change(next === 'true')}
        />
      );
    case 'choice':
      return <EnumField {...props} />;
    case 'text':
      return (
        <Faulty fault={own}>
          <input
            aria-label={label}
            aria-invalid={own !== undefined || undefined}
            className={join(fieldStyle, 'max-w-80 font-mono', isEdited && 'border-accent! bg-accent-wash! text-accent')}
            value={String(value)}
            onChange={({ target }) => change(target.value)}
          />
        </Faulty>
      );
    case 'object':
      return (
        <Faulty fault={own}>
          <ObjectForm {...props} />
        </Faulty>
      );
    case 'list':
      return (
        <Faulty fault={own}>
          <ListForm {...props} />
        </Faulty>
      );
    case 'json':
      return (
        <Faulty fault={own}>
          <JsonField key={root === schema ? 'whole' : label} label={label} value={value} change={change} />
        </Faulty>
      );
    default:
      return kind satisfies never;
  }
}

function Faulty({ fault, children }: { readonly fault: string | undefined; readonly children: ReactNode }): ReactNode {
  return (
    <div className="min-w-0">
      {children}
      {fault !== undefined && (
        <p role="alert" className="mt-1 text-red-text leading-5">
          {fault}
        </p>
      )}
    </div>
  );
}

function EnumField({ schema, label, value, was, change }: ValueFormProps): ReactNode {
  // The kind is `choice`: there is a list, and schemas are JSON.
  const options = (schema.enum as readonly JsonValue[]).map((each) => JSON.stringify(each));
  const current = JSON.stringify(value);
  const isEdited = was !== undefined && !isSame(was, value);
  return (
    <select
      aria-label={label}
      className={join(fieldStyle, 'w-auto! font-mono', isEdited && 'border-accent! bg-accent-wash! text-accent')}
      value={current}
      onChange={({ target }) => change(JSON.parse(target.value))}
    >
      {(options.includes(current) ? options : [current, ...options]).map((option) => (
        <option key={option} value={option}>
          {option.replace(/^"(.*)"$/, '$1')}
        </option>
      ))}
    </select>
  );
}

function ObjectForm({ root, schema, label, value, was, path, faults, change }: ValueFormProps): ReactNode {
  const [name, setName] = useState('');
  const entries: Readonly<Record<string, JsonValue>> = isRecord(value) ? value : {};
  const before: Readonly<Record<string, JsonValue>> = isRecord(was) ? was : {};
  const properties: Readonly<Record<string, unknown>> = isRecord(schema.properties) ? schema.properties : {};
  const required = Array.isArray(schema.required) ? schema.required.map(String) : [];
  const names = [...new Set([...Object.keys(properties), ...Object.keys(entries)])];
  const missing = names.filter((each) => entries[each] === undefined);
  const isOpen = schema.additionalProperties !== false;
  const schemaOf = (each: string) => resolveSchema(properties[each] ?? schema.additionalProperties, root);
  const set = (each: string, next: JsonValue | undefined) => {
    const { [each]: _, ...others } = entries;
    if (next === undefined) change(others);
    else change(each in entries ? { ...entries, [each]: next } : { ...others, [each]: next });
  };
  return (
    <fieldset className="min-w-0">
      <legend className="sr-only">{label}</legend>
      <dl className="grid gap-x-4 gap-y-2 tablet:grid-cols-[minmax(7rem,max-content)_1fr]">
        {names
          .filter((each) => entries[each] !== undefined)
          .map((each) => {
            const own = schemaOf(each);
            return (
              <div key={each} className="contents">
                <dt className="min-w-0 pt-1">
                  <span className="font-mono">{each}</span>
                  {typeof own.description === 'string' && (
                    <span className="block max-w-50 text-ink-3 text-small">{own.description}</span>
                  )}
                </dt>
                <dd className="flex min-w-0 items-start gap-1">
                  <ValueForm
                    root={root}
                    schema={own}
                    label={`${label} ${each}`}
                    value={entries[each] ?? null}
                    was={was === undefined ? undefined : before[each]}
                    path={[...path, each]}
                    faults={faults}
                    change={(next) => set(each, next)}
                  />
                  {!required.includes(each) && (
                    <RemoveButton label={`Remove ${each}`} act={() => set(each, undefined)} />
                  )}
                </dd>
              </div>
            );
          })}
      </dl>
      <div className="mt-2 -ml-2.5 flex flex-wrap items-center gap-2">
        {missing.map((each) => (
          <Button key={each} look="ghost" size="row" onClick={() => set(each, startOf(schemaOf(each), root))}>
            <Plus aria-hidden size={13} /> <span className="font-mono">{each}</span>
          </Button>
        ))}
        {isOpen && (
          <form
            className="ml-2.5 flex items-center gap-1"
            onSubmit={(event) => {
              event.preventDefault();
              if (name === '' || name in entries) return;
              set(name, startOf(schemaOf(name), root));
              setName('');
            }}
          >
            <input
              aria-label={`Name of a new part of ${label}`}
              placeholder="new name"
              className={join(fieldStyle, 'w-32! font-mono')}
              value={name}
              onChange={({ target }) => setName(target.value)}
            />
            <Button type="submit" look="ghost" size="row" refusal={name === '' ? 'it has no name yet' : undefined}>
              Add
            </Button>
          </form>
        )}
      </div>
    </fieldset>
  );
}

function ListForm({ root, schema, unit, label, value, was, path, faults, change }: ValueFormProps): ReactNode {
  const entries: readonly JsonValue[] = Array.isArray(value) ? value : [];
  const before: readonly JsonValue[] = Array.isArray(was) ? was : [];
  const items = resolveSchema(schema.items, root);
  // Without a schema, a new entry is like the last.
  const last = entries.at(-1);
  const fresh = items.type === undefined && last !== undefined ? last : startOf(items, root);
  return (
    <fieldset className="min-w-0">
      <legend className="sr-only">{label}</legend>
      <ol className="flex flex-col gap-2">
        {entries.map((entry, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: entries have no other name.
          <li key={index} className="flex min-w-0 items-start gap-1">
            <span className="figures w-6 pt-1 text-ink-3">{index + 1}</span>
            <ValueForm
              root={root}
              schema={items}
              unit={unit}
              label={`${label} ${index + 1}`}
              value={entry}
              was={was === undefined ? undefined : before[index]}
              path={[...path, index]}
              faults={faults}
              change={(next) => change(entries.with(index, next) as JsonValue[])}
            />
            <RemoveButton
              label={`Remove entry ${index + 1}`}
              act={() => change(entries.filter((_, at) => at !== index) as JsonValue[])}
            />
          </li>
        ))}
      </ol>
      <Button className="mt-2 -ml-2.5" look="ghost" size="row" onClick={() => change([...entries, fresh])}>
        <Plus aria-hidden size={13} /> Entry
      </Button>
    </fieldset>
  );
}

function RemoveButton({ label, act }: { readonly label: string; readonly act: () => void }): ReactNode {
  return (
    <button
      type="button"
      aria-label={label}
      onClick={() => focusBeside(act)}
      className="inline-flex size-7 shrink-0 items-center justify-center rounded-control text-ink-3 hover:bg-hover hover:text-ink max-tablet:size-11"
    >
      <X aria-hidden size={14} />
    </button>
  );
}

/** What has no form of its own; it counts once it is JSON. */
function JsonField({
  label,
  value,
  change,
}: {
  readonly label: string;
  readonly value: JsonValue;
  readonly change: (value: JsonValue) => void;
}): ReactNode {
  const [text, setText] = useState(() => JSON.stringify(value));
  const { fault } = readJson(text);
  return (
    <Faulty fault={fault}>
      <input
        aria-label={`${label}, as JSON`}
        aria-invalid={fault !== undefined || undefined}
        className={join(fieldStyle, 'max-w-100 font-mono')}
        value={text}
        onChange={({ target }) => {
          setText(target.value);
          const { value: next } = readJson(target.value);
          if (next !== undefined) change(next);
        }}
      />
    </Faulty>
  );
}
