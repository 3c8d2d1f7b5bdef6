import type { ChangeView } from '@sluice/api-client';
import { type ReactNode, useState } from 'react';
import { usePlace } from '../place.ts';
import { ReviewBar } from '../review/review-bar.tsx';
import { Button } from '../ui/button.tsx';
import { Dialog, DialogRow } from '../ui/dialog.tsx';
import { formatCount } from '../ui/duration.ts';
import { Field } from '../ui/field.tsx';
import { KeyHint } from '../ui/key-hint.tsx';
import { type BulkAct, describeSpared, listBulkInstructions, type SelectedFlag } from './bulk-instructions.ts';

interface BulkBarProps {
  readonly flags: readonly SelectedFlag[];
  /** Of the environment when they were selected: what changed about them since must not be lost. */
  readonly version: number | undefined;
  readonly clear: () => void;
  readonly applied: (change: ChangeView) => void;
}

/** What can be done with all selected flags at once: each act opens the review of one change. */
export function BulkBar({ flags, version, clear, applied }: BulkBarProps): ReactNode {
  const { environment } = usePlace();
  const [act, setAct] = useState<BulkAct>();
  const [isTagging, setTagging] = useState(false);
  if (act !== undefined) {
    const instructions = listBulkInstructions(flags, act);
    return (
      <ReviewBar
        input={{ instructions, ...(version !== undefined && { expectedVersion: version }) }}
        fault={instructions.length === 0 ? describeSpared(flags, act) : undefined}
        note={describeSpared(flags, act)}
        discard={() => setAct(undefined)}
        applied={applied}
      />
    );
  }
  const style = 'h-7 rounded-control px-2 font-medium hover:bg-white/15 max-tablet:h-11';
  return (
    <section
      aria-label="Selected flags"
      className="sticky bottom-4 z-30 mx-auto mt-auto flex flex-wrap items-center gap-x-3 gap-y-1 rounded-dialog bg-inverse px-4 py-2 text-white shadow-float"
    >
      <b className="figures">{formatCount(flags.length)} selected</b>
      <span className="opacity-80">in {environment}</span>
      <button type="button" className={style} onClick={() => setAct({ kind: 'turn-off' })}>
        Turn off…
      </button>
      <button type="button" className={style} onClick={() => setTagging(true)}>
        Tag…
      </button>
      <button type="button" className={style} onClick={() => setAct({ kind: 'archive' })}>
        Archive…
      </button>
      <button type="button" className={style} onClick={clear}>
        Clear <KeyHint>Esc</KeyHint>
      </button>
      {isTagging && (
        <TagDialog
          count={flags.length}
          close={() => setTagging(false)}
          choose={(tag) => {
            setTagging(false);
            setAct({ kind: 'tag', tag });
          }}
        />
      )}
    </section>
  );
}

interface TagDialogProps {
  readonly count: number;
  readonly close: () => void;
  readonly choose: (tag: string) => void;
}

function TagDialog({ count, close, choose }: TagDialogProps): ReactNode {
  const [tag, setTag] = useState('');
  const refusal = tag.trim() === '' ? 'it has no name yet' : undefined;
  const go = () => refusal === undefined && choose(tag.trim());
  return (
    <Dialog
      title={`Tag ${formatCount(count)} ${count === 1 ? 'flag' : 'flags'}`}
      close={close}
      note="In every environment; the tags that they have stay."
      actions={
        <>
          <Button look="ghost" onClick={close}>
            Cancel
          </Button>
          <Button refusal={refusal} onClick={go}>
            Review tag
          </Button>
        </>
      }
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          go();
        }}
      >
        <DialogRow label="Tag">
          <Field
            label="Tag"
            isLabelHidden
            autoFocus
            maxLength={64}
            value={tag}
            onChange={({ target }) => setTag(target.value)}
          />
        </DialogRow>
      </form>
    </Dialog>
  );
}
