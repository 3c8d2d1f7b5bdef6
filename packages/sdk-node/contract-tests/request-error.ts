/** Answers a request of the harness with a status and a sentence. */
export class RequestError extends Error {
  readonly status: 400 | 404 | 500;

  constructor(status: 400 | 404 | 500, message: string) {
    super(message);
    this.name = 'RequestError';
    this.status = status;
  }
}
