import type { PreviewView } from '@sluice/api-client';
import type { ReactNode } from 'react';
import { formatCount, formatShare } from '../ui/duration.ts';

type Share = Pick<PreviewView, 'changed' | 'sharePercent' | 'marginPercent'>;

/** `13.9% of 20,000 sampled contexts get another answer, ±0.5%`; with nothing sampled, that. */
export function ShareSentence({ share, sampled }: { readonly share: Share; readonly sampled: number }): ReactNode {
  if (sampled === 0) return <>No contexts are sampled yet, so nobody knows for whom.</>;
  if (share.changed === 0) return <>None of {formatCount(sampled)} sampled contexts gets another answer.</>;
  return (
    <>
      <b className="figures">
        {formatShare(share.sharePercent / 100)} of {formatCount(sampled)} sampled contexts
      </b>{' '}
      {share.changed === 1 ? 'gets' : 'get'} another answer
      {share.marginPercent > 0 && <span className="figures">, ±{formatShare(share.marginPercent / 100)}</span>}.
    </>
  );
}
