/**
 * What the control plane knows of the instances here. Whoever had arrived when it was asked about is known there, also to
 * servers that share its database, and is not taken for gone before `leaseMs` after `at`.
 */
export interface Confirmation {
  /** By the clock of this process that never goes backwards. */
  readonly at: number;
  /** Selector of each environment as the control plane had it afterwards. */
  readonly states: Readonly<Record<string, string>>;
}
