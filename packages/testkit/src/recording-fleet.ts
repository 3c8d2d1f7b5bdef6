import type { Arrival, Fleet, Member } from '@sluice/delivery';
import type { Running } from '@sluice/protocol';

/** Writes down what is told of instances, in words: `join web-1 e1:3 by socket`. */
export class RecordingFleet implements Fleet {
  readonly told: string[] = [];
  readonly arrivals: Arrival[] = [];
  #wake = (): void => undefined;

  join(_environmentId: string, arrival: Arrival): Member {
    this.arrivals.push(arrival);
    this.#tell(`join ${arrival.key} ${describe(arrival.running)} by ${arrival.via}`);
    return this.arrivals.length;
  }

  acknowledge(members: readonly Member[], running: Running): void {
    this.#tell(`${this.#names(members)} ${describe(running)}`);
  }

  hear(members: readonly Member[]): void {
    this.#tell(`${this.#names(members)} was heard`);
  }

  deliver(members: readonly Member[], version: number): void {
    this.#tell(`${this.#names(members)} was sent ${version}`);
  }

  infer(_environmentId: string, session: string, version: number): void {
    this.#tell(`${session} has evaluated with ${version}`);
  }

  lose(members: readonly Member[], silentMs: number): void {
    this.#tell(`lost ${this.#names(members)} after ${silentMs} ms`);
  }

  leave(members: readonly Member[]): void {
    this.#tell(`${this.#names(members)} left`);
  }

  answerProbe(id: string): void {
    this.#tell(`answer to probe ${id}`);
  }

  /** Resolves once something was told that contains the text. */
  async until(text: string): Promise<void> {
    while (!this.told.some((line) => line.includes(text))) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #names(members: readonly Member[]): string {
    return members.map((member) => this.arrivals[member - 1]?.key).join(', ');
  }

  #tell(line: string): void {
    this.told.push(line);
    this.#wake();
  }
}

function describe({ state = 'nothing', refused = [], problem }: Running): string {
  const without = refused.map(({ kind, key }) => ` without ${kind} ${key}`).join('');
  return `${state}${without}${problem === undefined ? '' : ` refused: ${problem}`}`;
}
