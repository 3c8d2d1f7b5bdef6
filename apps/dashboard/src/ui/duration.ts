const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** A length of time as one reads it aloud: `14 s`, `31 min`, `2 h 10 min`, `3 d 4 h`. */
export function formatDuration(ms: number): string {
  const length = Math.max(0, ms);
  if (length < second) return `${Math.round(length)} ms`;
  if (length < 2 * minute) return `${Math.floor(length / second)} s`;
  if (length < hour) return `${Math.floor(length / minute)} min`;
  if (length < day) return pair(Math.floor(length / hour), 'h', Math.floor((length % hour) / minute), 'min');
  if (length < 14 * day) return pair(Math.floor(length / day), 'd', Math.floor((length % day) / hour), 'h');
  return `${Math.floor(length / day)} d`;
}

function pair(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

/** How long ago, in one unit: `now`, `14 s`, `6 h`, `12 d`, `8 mo`. */
export function formatAge(ms: number): string {
  const age = Math.max(0, ms);
  if (age < second) return 'now';
  if (age < minute) return `${Math.floor(age / second)} s`;
  if (age < hour) return `${Math.floor(age / minute)} min`;
  if (age < day) return `${Math.floor(age / hour)} h`;
  if (age < 60 * day) return `${Math.floor(age / day)} d`;
  return `${Math.floor(age / (30 * day))} mo`;
}

/** `14 s ago`, `just now`. */
export function formatAgo(ms: number): string {
  return ms < second ? 'just now' : `${formatAge(ms)} ago`;
}

/** The time of day where it is of today, else with the date; in the reader's zone. */
export function formatClock(at: number, now: number): string {
  const moment = new Date(at);
  const time = moment.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
  if (moment.toDateString() === new Date(now).toDateString()) return time;
  const date = moment.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' });
  return `${date} ${time}`;
}

/** As `formatClock`, to the second: of what happened, and is compared with what happened before and after. */
export function formatMoment(at: number, now: number): string {
  return `${formatClock(at, now)}:${String(new Date(at).getSeconds()).padStart(2, '0')}`;
}

/** The server's sentences say times in UTC; a page says all of them in the reader's zone. */
export function localizeTimes(text: string, now: number): string {
  return text.replace(/\b(\d{4}-\d\d-\d\d) (\d\d:\d\d) UTC\b/g, (utc, date, time) => {
    const at = Date.parse(`${date}T${time}Z`);
    return Number.isNaN(at) ? utc : formatClock(at, now);
  });
}

/** To the second, with the date and the zone: what is shown of a time on hover and focus. */
export function formatExact(at: number): string {
  return new Date(at).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'long' });
}

/** `10,000`. */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}

/** `1 instance`, `10,000 instances`. */
export function countOf(count: number, thing: string, things = `${thing}s`): string {
  return `${formatCount(count)} ${count === 1 ? thing : things}`;
}

/** `0.41 s`, `38 ms`: how long something took. */
export function formatSpeed(ms: number): string {
  return ms < 100 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(2)} s`;
}

/** `19.3%`: a share of one. */
export function formatShare(share: number): string {
  const percent = share * 100;
  return `${percent >= 99.95 || percent < 0.05 ? Math.round(percent) : percent.toFixed(1).replace(/\.0$/, '')}%`;
}
