import { type ReactNode, useId, useRef, useState } from 'react';
import { copyText } from '../platform.ts';
import { Button } from './button.tsx';
import { fieldStyle } from './field.tsx';
import { join } from './join.ts';

/** Something to take along, such as a key that is shown once: select it, or press Copy. */
export function CopyField({ label, value }: { readonly label: string; readonly value: string }): ReactNode {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [state, setState] = useState<'copied' | 'selected'>();
  const copy = async () => {
    input.current?.select();
    // Pages that did not come by HTTPS may not write there.
    setState((await copyText(value)) ? 'copied' : 'selected');
  };
  return (
    <div>
      <label htmlFor={id} className="mb-1 block text-ink-2">
        {label}
      </label>
      <div className="flex gap-2">
        <input
          id={id}
          ref={input}
          readOnly
          value={value}
          onFocus={({ target }) => target.select()}
          className={join(fieldStyle, 'font-mono')}
        />
        <Button aria-label={`Copy ${label}`} onClick={() => void copy()}>
          {state === 'copied' ? 'Copied' : 'Copy'}
        </Button>
      </div>
      <span role="status" className="sr-only">
        {state === 'copied' && `${label} copied`}
      </span>
      {state === 'selected' && <p className="mt-1 text-ink-3 text-small">It is selected: press Ctrl C.</p>}
    </div>
  );
}
