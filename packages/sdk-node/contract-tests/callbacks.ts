/** Posts JSON to an endpoint of the harness; resolves with what it answers, undefined when that is nothing. */
export async function callBack(url: string, body: unknown): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`the harness answered ${response.status}: ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}

/** Tells the harness what happened, one thing after the other, so that it comes to know them in their order. */
export interface Notifier {
  notify(url: string, body: unknown): void;
}

export function createNotifier(warn: (message: string) => void): Notifier {
  let last: Promise<unknown> = Promise.resolve();
  return {
    notify: (url, body) => {
      last = last.then(() => callBack(url, body)).catch((error) => warn(`notifying the harness failed: ${error}`));
    },
  };
}
