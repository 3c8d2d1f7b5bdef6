/** A body that is read while it is written. */
export class FakeBody {
  readonly #chunks: string[] = [];
  #end: { readonly error: Error | undefined } | undefined;
  #wake = (): void => undefined;

  push(chunk: string): void {
    this.#chunks.push(chunk);
    this.#wake();
  }

  end(): void {
    this.#end ??= { error: undefined };
    this.#wake();
  }

  fail(error: Error): void {
    this.#end ??= { error };
    this.#wake();
  }

  async *read(): AsyncGenerator<string> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) yield chunk;
      else if (this.#end?.error !== undefined) throw this.#end.error;
      else if (this.#end !== undefined) return;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }
}
