import type { ChangeInput, ChangeView } from '@sluice/api-client';
import { type ReactNode, useState } from 'react';
import { Effects } from '../changes/effects.tsx';
import { useRefusal } from '../session/refusal.ts';
import { useEnvironment } from '../shell/environment.ts';
import { useApply } from '../ui/apply.ts';
import { useApplyKey } from '../ui/apply-key.ts';
import { Button } from '../ui/button.tsx';
import { findVerdict } from '../ui/find-verdict.ts';
import { useFocusBack } from '../ui/focus-back.ts';
import { join } from '../ui/join.ts';
import { KeyHint } from '../ui/key-hint.tsx';
import { Loading } from '../ui/loading.tsx';
import { describeFailure, RefusedNote } from '../ui/refused-note.tsx';
import { WhyField } from '../ui/why-field.tsx';
import { ChangedShare } from './changed-share.tsx';
import { findConfirmation, Insist, type Insisting } from './insist.tsx';
import { LeaveGuard } from './leave-guard.tsx';
import { usePreview } from './use-preview.ts';

interface ReviewBarProps {
  /** What is to be applied: the edits so far. */
  readonly input: ChangeInput;
  /** What stands in the way, in a sentence; absent: nothing. */
  readonly fault?: string | undefined;
  /** Where the server may want it confirmed; `input` says so then. */
  readonly insist?: Insisting | undefined;
  /** What it leaves as it is, and why. */
  readonly note?: string | undefined;
  /** Says a sentence of the server's in the words of the page. */
  readonly say?: ((text: string) => string) | undefined;
  readonly discard: () => void;
  readonly applied: (change: ChangeView) => void;
}

/**
 * Below a page with edits: what they change in words, as the server would follow them, how many sampled contexts that
 * concerns, then the button that does it.
 */
export function ReviewBar({ input, fault, insist, note, say, discard, applied }: ReviewBarProps): ReactNode {
  const environment = useEnvironment();
  const forbidden = useRefusal(input.instructions);
  const [comment, setComment] = useState('');
  const preview = usePreview(fault === undefined ? input : undefined);
  const apply = useApply(applied);
  // For a key only the change itself asks, no preview.
  const asked = insist?.key === undefined ? undefined : findConfirmation(apply.error);
  const confirmation = insist === undefined ? undefined : (findConfirmation(preview.error) ?? asked);
  // A server that is busy, or away, has not judged the edits: that must not stop whoever is on call.
  const isUnjudged = preview.error !== null && findVerdict(preview.error) !== 'refused';
  const isStopped = preview.error !== null && !isUnjudged;
  const refusal =
    fault ??
    forbidden ??
    (isStopped && confirmation === undefined
      ? 'the server would refuse it'
      : isStopped || (asked !== undefined && insist?.isOn === false)
        ? 'say that you mean it first'
        : undefined);
  // Nothing changes before it was read: what stands here may be of the edits before.
  const isRead = fault !== undefined || preview.isCurrent;
  const send = () => {
    if (refusal === undefined && isRead && !apply.isPending) apply.mutate({ ...input, comment });
  };
  useApplyKey(send);
  useFocusBack();
  const count = input.instructions.length;
  const edits = `${count} ${count === 1 ? 'edit' : 'edits'}`;
  const effects = preview.data?.effects ?? [];
  const said = { effects: effects.map((effect) => ({ ...effect, text: say?.(effect.text) ?? effect.text })) };
  const isShown = fault === undefined && preview.data !== undefined && preview.error === null;
  return (
    <section
      aria-label="Review"
      className={join(
        'sticky bottom-0 z-20 mt-auto grid max-h-[40dvh] shrink-0 max-tablet:max-h-[60dvh] gap-x-8 gap-y-3 overflow-y-auto bg-raised px-6 py-3 max-tablet:px-4 desktop:grid-cols-[minmax(0,1fr)_minmax(0,22rem)_20rem]',
        environment.isProduction ? 'border-production-line border-t-2' : 'border-line-strong border-t border-dashed',
      )}
    >
      <div className="min-w-0">
        <LeaveGuard edits={count === 0 ? 'What you typed' : edits} />
        <h2>{edits}, nothing applied yet</h2>
        {fault !== undefined && <p className="mt-1 text-red-text">{fault}.</p>}
        {fault === undefined && note !== undefined && <p className="mt-1 text-ink-2">{note}.</p>}
        {fault === undefined && isStopped && confirmation === undefined && <RefusedNote error={preview.error} />}
        {fault === undefined && isUnjudged && (
          <p role="alert" className="mt-1 text-amber-text">
            <b>What this would do is not known</b>, and it can be applied all the same. {describeFailure(preview.error)}{' '}
            <button type="button" className="font-semibold underline" onClick={preview.askAgain}>
              Ask again
            </button>
          </p>
        )}
        {fault === undefined && insist !== undefined && <Insist insisting={insist} sentence={confirmation} />}
        {fault === undefined && preview.data === undefined && preview.error === null && <Loading rows={2} />}
        {isShown && (
          <div className="mt-1" aria-live="polite">
            <Effects change={said} isAlone={(input.flag ?? input.segment) !== undefined} />
            {effects.length === 0 && <span className="text-ink-2">Changes nothing: it is so already.</span>}
          </div>
        )}
      </div>
      {isShown ? <ChangedShare preview={preview.data} /> : <span className="max-desktop:hidden" />}
      <div className="flex min-w-0 flex-col gap-3">
        <WhyField placeholder="Why? Shown in history and on Now" value={comment} change={setComment} />
        <div className="flex flex-wrap justify-end gap-3">
          <Button look="ghost" onClick={discard}>
            Discard
          </Button>
          <Button
            look="write"
            isProduction={environment.isProduction}
            busy={apply.isPending && 'Applying'}
            refusal={refusal}
            {...(!isRead && { 'aria-disabled': true })}
            onClick={send}
          >
            Apply to {environment.name} <KeyHint>Ctrl Enter</KeyHint>
          </Button>
        </div>
        {forbidden !== undefined && <p className="text-ink-2">{forbidden}.</p>}
        {asked === undefined && <RefusedNote error={apply.error} />}
      </div>
    </section>
  );
}
