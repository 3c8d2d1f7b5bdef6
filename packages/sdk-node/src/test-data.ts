import type { Flag, Segment } from '@sluice/engine';
import type { Transfer } from '@sluice/protocol';
import type { CreateSource, SourceSink } from '@sluice/sdk-common';

/**
 * Flags for your tests, changed by code: `createClient({ testData })` serves what it holds, and every client that has
 * it sees a change at once.
 */
export class TestData {
  readonly #flags = new Map<string, Flag>();
  readonly #segments = new Map<string, Segment>();
  readonly #sinks = new Set<SourceSink>();
  #version = 1;

  /** Serves a value to everybody. */
  set(key: string, value: unknown): this {
    return this.#put({ key, version: 0, on: true, variations: [value], fallthrough: { variation: 0 } });
  }

  /** Serves a value to one context; others get what they got before, or the caller's default value. */
  setFor(key: string, context: { readonly kind: string; readonly key: string }, value: unknown): this {
    const known = this.#flags.get(key);
    const flag = known === undefined || known.deleted === true ? { key, version: 0, on: false } : known;
    const variations = [...(flag.variations ?? []), value];
    const target = { contextKind: context.kind, values: [context.key], variation: variations.length - 1 };
    // A flag that was off serves what it served, which now has to be its fallthrough.
    const fallthrough = flag.on === true ? flag.fallthrough : { variation: flag.offVariation ?? null };
    return this.#put({
      ...flag,
      on: true,
      variations,
      ...(fallthrough !== undefined && { fallthrough }),
      contextTargets: [target, ...(flag.contextTargets ?? [])],
    });
  }

  /** Serves a flag as it would be delivered, rules and all; its version is set here. */
  setFlag(flag: Omit<Flag, 'version'>): this {
    return this.#put({ ...flag, version: 0 });
  }

  setSegment(segment: Omit<Segment, 'version'>): this {
    const stamped = { ...segment, version: ++this.#version };
    this.#segments.set(segment.key, stamped);
    return this.#send({
      kind: 'changes',
      objects: [{ kind: 'segment', segment: stamped }],
      state: undefined,
      byVersion: false,
    });
  }

  /** Removes a flag: callers get their default values. */
  remove(key: string): this {
    return this.#put({ key, version: 0, deleted: true });
  }

  /** @internal */
  readonly createSource: CreateSource = (sink) => ({
    start: () => {
      this.#sinks.add(sink);
      const objects = [
        ...[...this.#flags.values()].map((flag) => ({ kind: 'flag' as const, flag })),
        ...[...this.#segments.values()].map((segment) => ({ kind: 'segment' as const, segment })),
      ];
      // Committing is immediate; nothing is to be waited for.
      void sink.commit({ kind: 'full', objects, state: undefined, byVersion: false });
    },
    close: () => {
      this.#sinks.delete(sink);
    },
  });

  #put(flag: Flag): this {
    // Values are frozen when they are served; those of the test stay its own.
    const stamped = { ...structuredClone(flag), version: ++this.#version };
    this.#flags.set(flag.key, stamped);
    return this.#send({
      kind: 'changes',
      objects: [{ kind: 'flag', flag: stamped }],
      state: undefined,
      byVersion: false,
    });
  }

  #send(transfer: Transfer): this {
    for (const sink of this.#sinks) void sink.commit(transfer);
    return this;
  }
}
