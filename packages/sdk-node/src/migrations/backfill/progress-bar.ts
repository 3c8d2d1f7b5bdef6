import type { BackfillProgress } from './progress.ts';

/** What is used of `process.stderr`. */
export interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/**
 * Shows a backfill in a terminal: `run({ onProgress: progressBar(process.stderr) })`. Where that is no terminal, a line
 * for every tenth call: every ten seconds.
 */
export function progressBar(terminal: Terminal): (progress: BackfillProgress) => void {
  let calls = 0;
  return (progress) => {
    const isOver = progress.ranges > 0 && progress.verified === progress.ranges;
    const line = formatProgress(progress);
    if (terminal.isTTY !== true) {
      if (isOver || calls++ % 10 === 0) terminal.write(`${line}\n`);
      return;
    }
    const { columns = 80 } = terminal;
    const bar = `${drawBar(progress.share, 20)} ${line}`.slice(0, columns - 1);
    // Back to the first column, and away with what stood there.
    terminal.write(`\r\u001B[2K${bar}${isOver ? '\n' : ''}`);
  };
}

function drawBar(share: number, width: number): string {
  const full = Math.floor(share * width);
  return `[${'#'.repeat(full)}${'-'.repeat(width - full)}]`;
}

function formatProgress(progress: BackfillProgress): string {
  const { share, ranges, verified, rows, rowsPerSecond, etaMs, reason } = progress;
  const parts = [
    `${Math.floor(share * 100)}% copied`,
    `${verified} of ${ranges} ranges verified`,
    `${rows.toLocaleString('en')} rows here`,
    `${Math.round(rowsPerSecond).toLocaleString('en')} rows/s`,
    ...(etaMs === undefined || share >= 1 ? [] : [`${formatDuration(etaMs)} left`]),
    ...(reason === undefined ? [] : [`slowed down: ${reason}`]),
  ];
  return parts.join(', ');
}

function formatDuration(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${(minutes / 60).toFixed(1)} h`;
}
