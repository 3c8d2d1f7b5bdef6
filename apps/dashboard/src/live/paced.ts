interface Paced {
  (): void;
  stop(): void;
}

/** Calls at once, and then at most once in so many milliseconds: what is asked for meanwhile is one more call. */
export function createPaced(
  periodMs: number,
  call: () => void,
  after: (delayMs: number, call: () => void) => () => void,
): Paced {
  let isDue = false;
  let stop: (() => void) | undefined;
  const run = (): void => {
    if (stop !== undefined) {
      isDue = true;
      return;
    }
    // Before the call, which may ask for the next.
    stop = after(periodMs, () => {
      stop = undefined;
      if (!isDue) return;
      isDue = false;
      run();
    });
    call();
  };
  return Object.assign(run, { stop: () => stop?.() });
}
