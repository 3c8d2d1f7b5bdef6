/** What can be begun from the palette about a flag. */
export type FlagActKind = 'trip' | 'restore' | 'turn-off' | 'turn-on';
export type ActKind = FlagActKind | 'revert' | 'new-flag' | 'switch';

export interface Words {
  /** What somebody wants to do; undefined: they have not said. */
  readonly acts: readonly ActKind[] | undefined;
  /** What they want to do it to, or look for. */
  readonly rest: string;
}

/** Longer ones first. People come from other products: their words lead to ours. */
const phrases: readonly (readonly [RegExp, readonly ActKind[] | undefined, string?])[] = [
  // A noun: it finds valves.
  [/^kill[ -]?switch(es)?(?=\s|$)/, undefined, 'kind:valve'],
  [/^(new|create|add)( (a )?(feature |new )?(flag|toggle|feature|valve|config|migration))?(?=\s|$)/, ['new-flag']],
  [/^(revert|undo|roll ?back|go back)\b( the)?( last)?( change)?/, ['revert', 'restore']],
  [/^(turn|switch) off(?=\s|$)/, ['turn-off', 'trip']],
  [/^(turn|switch) on(?=\s|$)/, ['turn-on', 'restore']],
  [/^(kill|stop|degrade)(?=\s|$)/, ['trip', 'turn-off', 'restore']],
  [/^trip(?=\s|$)/, ['trip']],
  [/^(restore|recover|bring back)(?=\s|$)/, ['restore']],
  [/^(off|disable|deactivate)(?=\s|$)/, ['turn-off', 'trip']],
  [/^(on|enable|activate|launch|release)(?=\s|$)/, ['turn-on', 'restore']],
  [/^toggle(?=\s|$)/, ['turn-off', 'turn-on', 'trip', 'restore']],
  [/^(switch|go)( to)?( (the )?(environment|env))?(?=\s|$)/, ['switch']],
  [/^(feature )?(flag|toggle|feature)s?(?=\s|$)/, undefined, ''],
];

/** Takes the verb off what was typed. */
export function readWords(text: string): Words {
  const typed = text.trim().toLowerCase();
  for (const [pattern, acts, instead = ''] of phrases) {
    const [found] = pattern.exec(typed) ?? [];
    if (found === undefined) continue;
    return { acts, rest: [instead, text.trim().slice(found.length).trim()].filter((part) => part !== '').join(' ') };
  }
  return { acts: undefined, rest: text.trim() };
}

/** Which flags an act can be about, as a search says it, where nothing else was typed. */
export function searchFor({ acts, rest }: Words): string {
  if (rest !== '' || acts === undefined) return rest;
  const [first] = acts;
  if (first === 'trip') return 'kind:valve';
  if (first === 'restore') return 'state:tripped';
  if (first === 'turn-off') return 'kind:release state:on';
  if (first === 'turn-on') return 'kind:release state:off';
  return '';
}
