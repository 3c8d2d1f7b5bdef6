import { badCustomer, createCustomers } from './customers.ts';
import { type Answer, runLoad } from './load.ts';
import { quantile } from './quantile.ts';

export interface ReportedLoadOptions {
  readonly url: string;
  /** Whether account 42 is among the customers. */
  readonly withBad: boolean;
  readonly everySeconds: number;
  readonly maxSeconds: number;
  /** Milliseconds; need not be the time of day. */
  readonly now: () => number;
  readonly signal: AbortSignal;
  readonly print: (line: string) => void;
}

/** Has 20 customers shop, and says every now and then how they fare. */
export async function runReportedLoad({
  withBad,
  everySeconds,
  print,
  ...options
}: ReportedLoadOptions): Promise<void> {
  const customers = createCustomers(20, 100);
  let answers: Answer[] = [];
  const report = setInterval(() => {
    print(describe(answers, everySeconds));
    answers = [];
  }, everySeconds * 1000);
  try {
    const onAnswer = (answer: Answer): number => answers.push(answer);
    await runLoad({ ...options, customers: withBad ? [...customers, badCustomer] : customers, onAnswer });
  } finally {
    clearInterval(report);
  }
}

function describe(answers: readonly Answer[], seconds: number): string {
  const { bad = [], others = [] } = Object.groupBy(answers, ({ account }) =>
    account === badCustomer.account ? 'bad' : 'others',
  );
  const tookMs = others.map((answer) => answer.tookMs);
  const ofOthers = `20 customers: ${Math.round(others.length / seconds)} answers/s, p99 ${quantile(tookMs, 0.99).toFixed(0)} ms, ${count404(others)} × 404`;
  return bad.length === 0
    ? ofOthers
    : `${ofOthers}; account 42: ${Math.round(bad.length / seconds)} answers/s, ${count404(bad)} × 404`;
}

function count404(answers: readonly Answer[]): number {
  return answers.filter(({ status }) => status === 404).length;
}
