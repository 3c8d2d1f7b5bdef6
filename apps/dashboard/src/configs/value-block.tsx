import type { FlagView } from '@sluice/api-client';
import type { JsonValue } from '@sluice/authoring';
import { lazy, type ReactNode, Suspense, useState } from 'react';
import { Loading } from '../ui/loading.tsx';
import { findValueFaults } from './find-value-faults.ts';
import { Ruler } from './ruler.tsx';
import { TextToggle } from './text-toggle.tsx';
import { ValueForm } from './value-form.tsx';
import { boundsOf, fieldKindOf, isInline, stepOf } from './value-schema.ts';

const JsonEditor = lazy(async () => ({ default: (await import('./json-editor.tsx')).JsonEditor }));

interface ValueBlockProps {
  readonly rules: NonNullable<FlagView['config']>;
  readonly label: string;
  readonly value: JsonValue;
  readonly was: JsonValue | undefined;
  readonly change: (value: JsonValue) => void;
  /** Whether what stands in the text editor is no value now. */
  readonly setBroken: (isBroken: boolean) => void;
}

/** Below the line of a layer that is open: the ruler of a number, the form of what has parts, or all of it as text. */
export function ValueBlock({ rules, label, value, was, change, setBroken }: ValueBlockProps): ReactNode {
  const [isText, setText] = useState(false);
  const { schema, unit, maxChangeFactor } = rules;
  const kind = fieldKindOf(schema, value);
  if (kind === 'number') {
    if (typeof value !== 'number') return null;
    return (
      <Ruler
        label={label}
        value={value}
        was={typeof was === 'number' ? was : undefined}
        bounds={boundsOf(schema)}
        step={stepOf(schema)}
        unit={unit}
        maxChangeFactor={maxChangeFactor}
        change={change}
      />
    );
  }
  if (isInline(kind)) return null;
  const isTextOnly = kind === 'json';
  return (
    <div className="flex min-w-0 flex-col gap-3 py-1 leading-5">
      {isText || isTextOnly ? (
        <Suspense fallback={<Loading rows={3} />}>
          <JsonEditor
            label={`${label}, as JSON`}
            value={value}
            schema={schema}
            change={(next) => {
              setBroken(next === undefined);
              if (next !== undefined) change(next);
            }}
          />
        </Suspense>
      ) : (
        <ValueForm
          root={schema}
          schema={schema}
          label={label}
          value={value}
          was={was}
          path={[]}
          faults={findValueFaults(schema, value)}
          change={change}
        />
      )}
      {!isTextOnly && (
        <TextToggle
          isText={isText}
          toText="Edit as JSON"
          toggle={() => {
            setBroken(false);
            setText(!isText);
          }}
        />
      )}
    </div>
  );
}
