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

/** Whether this page would come again. */
export async function isServerThere(): Promise<boolean> {
  try {
    return (await fetch(location.href, { headers: { accept: 'text/html' } })).ok;
  } catch {
    return false;
  }
}

export function reloadDocument(): void {
  location.reload();
}

export function openEvents(url: string): EventSource {
  return new EventSource(url);
}

/** Tells when the page is hidden, behind another tab say, and when it is seen again; until stopped. */
export function onSeen(hear: (isSeen: boolean) => void): () => void {
  const listen = () => hear(document.visibilityState === 'visible');
  document.addEventListener('visibilitychange', listen);
  return () => document.removeEventListener('visibilitychange', listen);
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

/** Forgets what is kept but for these names. */
export function forgetKept(but: readonly string[]): void {
  try {
    for (const name of Object.keys(localStorage)) {
      if (name.startsWith('sluice.') && !but.includes(name.slice('sluice.'.length))) localStorage.removeItem(name);
    }
  } catch {
    // Where storage is forbidden nothing was kept.
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
