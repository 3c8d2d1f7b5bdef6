/** The word that is the fewest letters away, as long as that is at most a third of them; of equals the first. */
export function findNearestWord(word: string, candidates: Iterable<string>): string | undefined {
  let nearest: string | undefined;
  let least = Math.floor(word.length / 3) + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) >= least) continue;
    const distance = countEdits(word, candidate.toLowerCase(), least);
    if (distance >= least) continue;
    least = distance;
    nearest = candidate;
  }
  return nearest;
}

/** Letters to put in, take out, change, or swap with the next one (optimal string alignment); gives up at `enough`. */
function countEdits(a: string, b: string, enough: number): number {
  let [beforeLast, last] = [[] as number[], Array.from({ length: b.length + 1 }, (_, at) => at)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row.push(
        Math.min(
          (last[j] ?? enough) + 1,
          (row[j - 1] ?? enough) + 1,
          (last[j - 1] ?? enough) + (isSame ? 0 : 1),
          swapped ? (beforeLast[j - 2] ?? enough) + 1 : enough,
        ),
      );
    }
    if (Math.min(...row) >= enough) return enough;
    [beforeLast, last] = [last, row];
  }
  return last[b.length] ?? enough;
}
