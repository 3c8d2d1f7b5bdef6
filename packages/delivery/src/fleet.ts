import type { Hello, Running } from '@sluice/protocol';

/** An instance at a connection of its own, or one of which we know by what it asks for. */
export interface Arrival extends Hello {
  /** It has no SDK of ours: it acknowledges nothing, and what it runs can only be inferred. */
  readonly isForeign: boolean;
  /** The edge that it is connected to; absent: to a control plane. */
  readonly through?: string | undefined;
}

/** Names an arrival until it leaves or loses contact, in the process that gave the number. */
export type Member = number;

/**
 * Who hears of instances and of what they run: a control plane's registry, or what passes it on from a worker or an
 * edge. Whatever is told of a member after the same session arrived elsewhere is void.
 */
export interface Fleet {
  join(environmentId: string, arrival: Arrival): Member;
  /** All of them run this. */
  acknowledge(members: readonly Member[], running: Running): void;
  /** They are there, and run what they ran. */
  hear(members: readonly Member[]): void;
  /** What makes up a version has left for foreign instances. */
  deliver(members: readonly Member[], version: number): void;
  /** A foreign instance has evaluated with at least this version: its events say so. */
  infer(environmentId: string, session: string, version: number): void;
  /** Contact was lost, so many milliseconds after they were heard of last. */
  lose(members: readonly Member[], silentMs: number): void;
  /** They said goodbye. */
  leave(members: readonly Member[]): void;
  /** Somebody answered a probe, so many milliseconds ago. */
  answerProbe(id: string, agoMs: number): void;
}
