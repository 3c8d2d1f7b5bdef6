import type { InstructionInput } from '@sluice/authoring';
import { type ReactNode, useState } from 'react';
import { usePlace } from '../place.ts';
import { ReviewBar } from '../review/review-bar.tsx';
import { KeyHint } from '../ui/key-hint.tsx';

interface BulkBarProps {
  readonly keys: readonly string[];
  readonly clear: () => void;
}

type Act = 'turn-off' | 'archive';

/** What can be done with all selected flags at once: each act opens the review of one change. */
export function BulkBar({ keys, clear }: BulkBarProps): ReactNode {
  const { environment } = usePlace();
  const [act, setAct] = useState<Act>();
  if (act !== undefined) {
    const instructions = keys.map((flag): InstructionInput => ({ kind: act, flag }));
    return <ReviewBar input={{ instructions }} discard={() => setAct(undefined)} applied={clear} />;
  }
  return (
    <section
      aria-label="Selected flags"
      className="sticky bottom-4 z-20 mx-auto mt-auto flex flex-wrap items-center gap-3 rounded-dialog bg-inverse px-4 py-2 text-white shadow-float"
    >
      <b className="figures">{keys.length} selected</b>
      <span className="opacity-70">in {environment}</span>
      {(['turn-off', 'archive'] as const).map((each) => (
        <button
          key={each}
          type="button"
          className="h-7 rounded-control px-2 font-medium hover:bg-white/15"
          onClick={() => setAct(each)}
        >
          {each === 'turn-off' ? 'Turn off…' : 'Archive…'}
        </button>
      ))}
      <button type="button" className="h-7 rounded-control px-2 hover:bg-white/15" onClick={clear}>
        Clear <KeyHint>Esc</KeyHint>
      </button>
    </section>
  );
}
