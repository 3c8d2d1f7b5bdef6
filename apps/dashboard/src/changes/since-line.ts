/** Changes, the newest first. */
type Timed = readonly { readonly createdAt: number }[];

const minuteMs = 60_000;

/** How many of the newest changes were made since a time, as the server looks for them: up to the first that was before. */
export function countSince(changes: Timed, since: number | undefined): number {
  if (since === undefined) return 0;
  const before = changes.findIndex(({ createdAt }) => createdAt < since);
  return before === -1 ? changes.length : before;
}

/** A time since when just the newest `count` were made: a whole minute where one lies between. Undefined: of none. */
export function findSince(changes: Timed, count: number): number | undefined {
  const last = changes[count - 1]?.createdAt;
  if (last === undefined) return undefined;
  const before = changes[count]?.createdAt ?? last;
  const minute = Math.floor(last / minuteMs) * minuteMs;
  return before < minute ? minute : last;
}

/** The line one change further back, or forward; changes of the same moment are passed together. */
export function moveSince(changes: Timed, since: number | undefined, by: 'back' | 'forward'): number | undefined {
  const here = countSince(changes, since);
  const step = by === 'back' ? 1 : -1;
  for (let count = here + step; count >= 0 && count <= changes.length; count += step) {
    const next = findSince(changes, count);
    if (countSince(changes, next) !== here) return next;
  }
  return since;
}

/** As it stands in an address: `2026-11-27T14:02:00.000Z`, or milliseconds. Undefined: it is no time. */
export function parseSince(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const time = /^\d+$/.test(text) ? Number(text) : Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}
