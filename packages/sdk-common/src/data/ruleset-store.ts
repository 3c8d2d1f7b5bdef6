import { type Flag, type RegexCompiler, Ruleset, type Segment } from '@sluice/engine';
import { parseSelector, type ReceivedObject, type RefusedObject, type Transfer } from '@sluice/protocol';

export interface RulesetStoreOptions<Tally> {
  readonly regex: RegexCompiler;
  readonly createTally: (flag: Flag) => Tally;
}

/** Holds the ruleset in use and replaces or alters it, a transfer at a time. */
export class RulesetStore<Tally> {
  readonly #options: RulesetStoreOptions<Tally>;
  #ruleset: Ruleset<Tally>;
  #state: string | undefined;
  #hasData = false;
  /** By kind and key. */
  readonly #refused = new Map<string, RefusedObject>();

  constructor(options: RulesetStoreOptions<Tally>) {
    this.#options = options;
    this.#ruleset = new Ruleset(options);
  }

  get ruleset(): Ruleset<Tally> {
    return this.#ruleset;
  }

  /** What the server resumes from. */
  get state(): string | undefined {
    return this.#state;
  }

  /** Whether there was any payload yet, an empty one included. */
  get hasData(): boolean {
    return this.#hasData;
  }

  /** Objects whose newest form could not be used. */
  get refused(): readonly RefusedObject[] {
    return [...this.#refused.values()];
  }

  /**
   * Puts a transfer in force, all at once, but for objects of it that cannot be used. Returns the flags whose results
   * may be different now, those that depend on a changed flag or segment included, if anybody `asks`. An older state
   * of the same epoch is refused with a reason.
   */
  apply(transfer: Transfer, asks: boolean): readonly string[] | { readonly refused: string } {
    const older = this.#findOlder(transfer);
    if (older !== undefined) return { refused: older };
    const before = this.#ruleset;
    const changed = asks ? listChanged(before, transfer) : [];
    if (transfer.kind === 'full') this.#ruleset = new Ruleset(this.#options);
    const after = this.#ruleset;
    // First: a good form may have come before the bad one.
    this.#keepRefused(transfer, before);
    for (const object of transfer.objects) {
      if (transfer.byVersion && !isNewer(before, object)) continue;
      if (object.kind === 'flag') after.setFlag(object.flag);
      else after.setSegment(object.segment);
    }
    // Whoever resumed from the state of other content would miss what is between.
    this.#state = transfer.kind === 'full' ? transfer.state : (transfer.state ?? this.#state);
    const isFirst = !this.#hasData;
    this.#hasData = true;
    // At the start all flags are new, and there are no others to reach.
    return toFlagKeys(isFirst ? changed : withDependents(changed, before, after));
  }

  /** What there was of a refused object stays, also when everything else is replaced. */
  #keepRefused({ kind, objects, refused = [] }: Transfer, before: Ruleset<Tally>): void {
    if (kind === 'full') this.#refused.clear();
    else if (this.#refused.size > 0) for (const object of objects) this.#refused.delete(nameOf(object));
    for (const object of refused) {
      this.#refused.set(`${object.kind}/${object.key}`, object);
      if (kind === 'changes') continue;
      const [flag, segment] = [before.findFlag(object.key), before.findSegment(object.key)];
      if (object.kind === 'flag' && flag !== undefined) this.#ruleset.setFlag(flag);
      if (object.kind === 'segment' && segment !== undefined) this.#ruleset.setSegment(segment);
    }
  }

  #findOlder(transfer: Transfer): string | undefined {
    const has = parseSelector(this.#state);
    const gets = parseSelector(transfer.state);
    if (has === undefined || gets === undefined || has.epoch !== gets.epoch || gets.version >= has.version)
      return undefined;
    return `version ${gets.version} is older than version ${has.version}, which is in use`;
  }
}

function nameOf(object: ReceivedObject): string {
  return object.kind === 'flag' ? `flag/${object.flag.key}` : `segment/${object.segment.key}`;
}

function isNewer(ruleset: Ruleset<unknown>, object: ReceivedObject): boolean {
  const [has, gets] =
    object.kind === 'flag'
      ? [ruleset.findFlag(object.flag.key), object.flag]
      : [ruleset.findSegment(object.segment.key), object.segment];
  return has === undefined || gets.version > has.version;
}

/** Names of objects, `flag/…` or `segment/…`, whose content differs between the ruleset and the transfer. */
function listChanged(
  before: Ruleset<unknown>,
  { kind, objects, byVersion, refused = [] }: Transfer,
): readonly string[] {
  const changed: string[] = [];
  const arrived = new Set(refused.map((object) => `${object.kind}/${object.key}`));
  for (const object of objects) {
    const isFlag = object.kind === 'flag';
    const { key, version } = isFlag ? object.flag : object.segment;
    const name = nameOf(object);
    arrived.add(name);
    const has = isFlag ? before.findFlag(key) : before.findSegment(key);
    const isOther = has?.version !== version;
    if (byVersion ? isNewer(before, object) : isOther) changed.push(name);
  }
  if (kind === 'changes') return changed;
  for (const { key, deleted } of before.flags())
    if (deleted !== true && !arrived.has(`flag/${key}`)) changed.push(`flag/${key}`);
  for (const { key } of before.segments()) if (!arrived.has(`segment/${key}`)) changed.push(`segment/${key}`);
  return changed;
}

/** The changed objects, and all that reach one of them, before or after. */
function withDependents(
  changed: readonly string[],
  before: Ruleset<unknown>,
  after: Ruleset<unknown>,
): readonly string[] {
  if (changed.length === 0) return [];
  const dependents = new Map<string, string[]>();
  for (const ruleset of new Set([before, after])) {
    for (const flag of ruleset.flags()) addReferences(dependents, `flag/${flag.key}`, flag);
    for (const segment of ruleset.segments()) addReferences(dependents, `segment/${segment.key}`, segment);
  }
  const reached = new Set(changed);
  // Sets visit what is added meanwhile.
  for (const name of reached) for (const dependent of dependents.get(name) ?? []) reached.add(dependent);
  return [...reached];
}

function toFlagKeys(names: readonly string[]): readonly string[] {
  return names.filter((name) => name.startsWith('flag/')).map((name) => name.slice('flag/'.length));
}

/** Looks at every clause of every flag, at each change: plain loops, as lists made on the way would take ten times as long. */
function addReferences(dependents: Map<string, string[]>, from: string, object: Flag | Segment): void {
  if ('prerequisites' in object) for (const { key } of object.prerequisites ?? []) add(`flag/${key}`);
  for (const { clauses } of object.rules ?? [])
    for (const { op, values } of clauses ?? [])
      if (op === 'segmentMatch') for (const key of values ?? []) add(`segment/${key}`);

  function add(to: string): void {
    const known = dependents.get(to);
    if (known === undefined) dependents.set(to, [from]);
    else if (known.at(-1) !== from) known.push(from);
  }
}
