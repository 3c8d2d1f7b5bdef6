import type { ApiAnswer } from './test-server.ts';

/** What a browser does for a page of the server: keeps its cookies, and sends them with where the page is from. */
export class TestBrowser {
  readonly #origin: string;
  readonly #cookies = new Map<string, string>();
  /** Sent with every write, as pages do once they have it. */
  csrfToken: string | undefined;

  constructor(origin: string) {
    this.#origin = origin;
  }

  get cookies(): ReadonlyMap<string, string> {
    return this.#cookies;
  }

  /** As an attacker may who can write cookies, and as a person who has several. */
  setCookie(name: string, value: string): void {
    this.#cookies.set(name, value);
  }

  /** Asks for a page, or the API; redirects are answered as they are. */
  async fetch(url: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    if (cookie !== '') headers.set('cookie', cookie);
    const response = await fetch(new URL(url, this.#origin), { ...init, headers, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) this.#take(line);
    return response;
  }

  /** Calls the management API below `/api/v1`; `headers` are in place of those that a page sends. */
  async api(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string | undefined>> = {},
  ): Promise<ApiAnswer> {
    const own = {
      'content-type': body === undefined ? undefined : 'application/json',
      origin: method === 'GET' ? undefined : this.#origin,
      'x-csrf-token': method === 'GET' ? undefined : this.csrfToken,
      ...headers,
    };
    const response = await this.fetch(`/api/v1${path}`, {
      method,
      headers: Object.entries(own).filter((entry): entry is [string, string] => entry[1] !== undefined),
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const answer = {
      status: response.status,
      headers: response.headers,
      body: text === '' ? undefined : JSON.parse(text),
    };
    if (typeof answer.body?.csrfToken === 'string') this.csrfToken = answer.body.csrfToken;
    return answer;
  }

  #take(line: string): void {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
    if (value === '' || /; *Max-Age=0/i.test(line)) this.#cookies.delete(name);
    else this.#cookies.set(name, value);
  }
}
