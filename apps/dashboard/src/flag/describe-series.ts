import type { EvaluationSeriesView } from '@sluice/api-client';
import { formatCount, formatShare } from '../ui/duration.ts';

type Series = EvaluationSeriesView['series'][number];

/** What the series is called on a page. */
export function nameOf({ id, name, variation }: Series): string {
  if (variation === undefined) return 'default in code';
  return name ?? id ?? `variation ${variation}, gone since`;
}

/** With their share of all evaluations. */
export function listShares({ series }: EvaluationSeriesView): readonly (Series & { readonly share: number })[] {
  const total = sumOf(series);
  return series.map((each) => ({ ...each, share: total === 0 ? 0 : each.total / total }));
}

/** A chart in one sentence: `1,200 evaluations in 24 hours: 20% true, 80% false`. */
export function describeSeries(view: EvaluationSeriesView, span: string): string {
  const total = sumOf(view.series);
  if (total === 0) return `No evaluations in ${span}`;
  const shares = listShares(view).map((each) => `${formatShare(each.share)} ${nameOf(each)}`);
  return `${formatCount(total)} evaluations in ${span}: ${shares.join(', ')}`;
}

function sumOf(series: readonly Series[]): number {
  return series.reduce((sum, { total }) => sum + total, 0);
}
