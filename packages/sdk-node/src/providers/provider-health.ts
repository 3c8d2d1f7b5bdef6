import type { Clock } from '@sluice/sdk-common';

/** `recovering`: it works again, and has to go on doing so for the dwell. */
export type HealthState = 'well' | 'recovering' | 'sick';

/** A provider is sick after so many failures in a row, or when half of what was tried in the window failed. */
const sickness = { inARow: 5, windowMs: 10_000, leastTries: 10, share: 0.5, mostRemembered: 200 } as const;
/** Between trials of one that is not well; doubled with each that fails. */
const trials = { firstMs: 10_000, mostMs: 60_000 } as const;

/**
 * How one provider is, as this process sees it. One that failed is well again only after it has worked for the dwell,
 * so that messages do not move back and forth.
 */
export class ProviderHealth {
  readonly #clock: Pick<Clock, 'elapsed'>;
  #inARow = 0;
  #tries: { readonly at: number; readonly failed: boolean }[] = [];
  #isSick = false;
  /** Since when it has worked again. */
  #worksSince: number | undefined;
  #trialMs: number = trials.firstMs;
  #nextTrialAt = 0;
  #isOnTrial = false;

  constructor(clock: Pick<Clock, 'elapsed'>) {
    this.#clock = clock;
  }

  state(dwellMs: number): HealthState {
    if (!this.#isSick) return 'well';
    if (this.#worksSince === undefined) return 'sick';
    if (this.#clock.elapsed() - this.#worksSince < dwellMs) return 'recovering';
    this.#isSick = false;
    this.#worksSince = undefined;
    return 'well';
  }

  /** Whether one that is not well is to be tried now; whoever is told yes does it. */
  takeTrial(): boolean {
    if (!this.#isSick || this.#clock.elapsed() < this.#nextTrialAt) return false;
    this.#isOnTrial = true;
    this.#nextTrialAt = this.#clock.elapsed() + this.#trialMs;
    return true;
  }

  succeeded(): void {
    if (this.#isSick) {
      this.#worksSince ??= this.#clock.elapsed();
      this.#isOnTrial = false;
      this.#trialMs = trials.firstMs;
    } else {
      this.#inARow = 0;
      this.#remember(false);
    }
  }

  failed(): void {
    if (this.#isSick) {
      this.#worksSince = undefined;
      // What was under way when it fell sick fails too, and is no trial.
      if (this.#isOnTrial) this.#postponeTrial();
      return;
    }
    this.#inARow++;
    this.#remember(true);
    const failures = this.#tries.filter(({ failed }) => failed).length;
    const isHalf = this.#tries.length >= sickness.leastTries && failures >= this.#tries.length * sickness.share;
    if (this.#inARow >= sickness.inARow || isHalf) this.#fallSick();
  }

  #fallSick(): void {
    this.#isSick = true;
    this.#inARow = 0;
    this.#tries = [];
    this.#trialMs = trials.firstMs;
    this.#nextTrialAt = this.#clock.elapsed() + trials.firstMs;
  }

  #postponeTrial(): void {
    this.#isOnTrial = false;
    this.#trialMs = Math.min(trials.mostMs, this.#trialMs * 2);
    this.#nextTrialAt = this.#clock.elapsed() + this.#trialMs;
  }

  #remember(failed: boolean): void {
    const at = this.#clock.elapsed();
    const oldest = at - sickness.windowMs;
    if (this.#tries.length >= sickness.mostRemembered || (this.#tries[0]?.at ?? at) < oldest) {
      this.#tries = this.#tries.filter((each) => each.at >= oldest).slice(1 - sickness.mostRemembered);
    }
    this.#tries.push({ at, failed });
  }
}
