/** A server-sent event; one-line data. */
export interface SseEvent {
  readonly event: string;
  readonly data: string;
}

/** A comment line: keeps connections and their proxies awake, and means nothing. */
export const sseHeartbeat = ':\n\n';

export function encodeSse({ event, data }: SseEvent): string {
  return `event: ${event}\ndata: ${data}\n\n`;
}
