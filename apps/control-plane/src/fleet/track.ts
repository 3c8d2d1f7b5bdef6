/** What is remembered of one change: who was there when it was made, and when each of them had it. */
export interface Track {
  readonly epoch: string;
  readonly version: number;
  /** By the monotonic clock. */
  readonly publishedAt: number;
  /** By index of the instance: 1 for those that were there at that moment. */
  readonly cohort: Uint8Array;
  /** By index of the instance: milliseconds until it had the change; NaN: it has not told so. Grows with the fleet. */
  delays: Float64Array;
  /** Our own instances of the cohort that are gone for so long that nothing is known of them any more. */
  forgotten: number;
}

export function createTrack(
  { epoch, version, publishedAt }: Pick<Track, 'epoch' | 'version' | 'publishedAt'>,
  cohort: Uint8Array,
): Track {
  return { epoch, version, publishedAt, cohort, delays: emptyDelays(cohort.length), forgotten: 0 };
}

export function wasThere({ cohort }: Track, index: number): boolean {
  return cohort[index] === 1;
}

/** Undefined: it has not told so. */
export function delayOf({ delays }: Track, index: number): number | undefined {
  const delay = delays[index];
  return delay === undefined || Number.isNaN(delay) ? undefined : delay;
}

/** After how long the last of those that were there had the change; undefined: none has told so. */
export function lastDelay({ cohort, delays }: Track): number | undefined {
  let last: number | undefined;
  for (const [index, delay] of delays.entries()) {
    if (cohort[index] === 1 && !Number.isNaN(delay) && (last === undefined || delay > last)) last = delay;
  }
  return last;
}

/** Notes when an instance had the change; the first time counts. Returns whether this was it. */
export function noteDelay(track: Track, index: number, at: number): boolean {
  if (index >= track.delays.length) {
    const grown = emptyDelays(Math.max(index + 1, track.delays.length * 2));
    grown.set(track.delays);
    track.delays = grown;
  }
  if (!Number.isNaN(track.delays[index])) return false;
  track.delays[index] = Math.max(0, at - track.publishedAt);
  return true;
}

/** The instance does not have the change any more: it was started anew, from something older. Returns whether it had. */
export function forgetDelay(track: Track, index: number): boolean {
  if (delayOf(track, index) === undefined) return false;
  track.delays[index] = Number.NaN;
  return true;
}

/** Another instance is to have the index; whether the one that had it counts among those that are forgotten. */
export function releaseIndex(track: Track, index: number, isCounted: boolean): void {
  if (wasThere(track, index)) {
    track.cohort[index] = 0;
    if (isCounted) track.forgotten++;
  }
  forgetDelay(track, index);
}

function emptyDelays(length: number): Float64Array {
  return new Float64Array(length).fill(Number.NaN);
}
