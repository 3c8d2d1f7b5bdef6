/** The browser, as far as it is used outside of React: the clock, storage, where the page is, the network. */

export function now(): number {
  return Date.now();
}

/** Calls back at every turn of so many milliseconds, until stopped. */
export function every(intervalMs: number, call: () => void): () => void {
  const timer = setInterval(call, intervalMs);
  return () => clearInterval(timer);
}

export function after(delayMs: number, call: () => void): () => void {
  const timer = setTimeout(call, delayMs);
  return () => clearTimeout(timer);
}

export const origin: string = location.origin;

export const fetchHere: typeof fetch = (input, init) => fetch(input, init);

export function openEvents(url: string): EventSource {
  return new EventSource(url);
}

/** What this browser keeps of somebody: the theme, the last places. Storage may be forbidden. */
export function readKept<T>(name: string, fallback: T): T {
  try {
    const text = localStorage.getItem(`sluice.${name}`);
    // Written by `keep` alone, under the same name.
    return text === null ? fallback : (JSON.parse(text) as T);
  } catch {
    return fallback;
  }
}

export function keep(name: string, value: unknown): void {
  try {
    localStorage.setItem(`sluice.${name}`, JSON.stringify(value));
  } catch {
    // It is a convenience.
  }
}

/** Whether it was: pages that came without HTTPS may not. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
