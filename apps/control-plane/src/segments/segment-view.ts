import type { SegmentView } from '@sluice/api-client';
import type { StoredSegment } from './segment-queries.ts';

export function toSegmentView({ state: { salt: _, ...shown }, touchedVersion }: StoredSegment): SegmentView {
  return { ...shown, version: touchedVersion };
}
