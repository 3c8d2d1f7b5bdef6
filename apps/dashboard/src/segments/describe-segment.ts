import type { SegmentRowView } from '@sluice/api-client';
import { formatCount } from '../ui/duration.ts';

/** `1,203 keys, 2 rules, 4 kept out`. */
export function describeMembers({
  included,
  excluded,
  rules,
}: Pick<SegmentRowView, 'included' | 'excluded' | 'rules'>): string {
  const parts = [
    included > 0 && `${formatCount(included)} ${included === 1 ? 'key' : 'keys'}`,
    rules > 0 && `${formatCount(rules)} ${rules === 1 ? 'rule' : 'rules'}`,
    excluded > 0 && `${formatCount(excluded)} kept out`,
  ].filter((part) => part !== false);
  return included + rules === 0 ? ['nobody', ...parts].join(', ') : parts.join(', ');
}

/** The flags by name as far as they fit, then how many more there are. */
export function describeUses({ flags, segments, examples }: SegmentRowView['uses']): string {
  const shown = examples.slice(0, 2);
  const more = flags - shown.length;
  const parts = [
    ...shown,
    more > 0 && `${formatCount(more)} more ${more === 1 ? 'flag' : 'flags'}`,
    segments > 0 && `${formatCount(segments)} ${segments === 1 ? 'segment' : 'segments'}`,
  ].filter((part) => part !== false);
  return parts.length === 0 ? 'nobody' : parts.join(', ');
}
