import type { EnvironmentFlagView } from '@sluice/api-client';
import { describeRule, describeServe } from '@sluice/authoring';

/** What a flag does, line by line, to be read beside the same flag elsewhere. */
export interface SpelledLine {
  readonly label: string;
  /** Names and values stand between backticks. */
  readonly text: string;
}

export function listLines(flag: EnvironmentFlagView): readonly SpelledLine[] {
  return [
    { label: 'Turned', text: flag.on ? 'on' : 'off' },
    ...flag.prerequisites.map((each) => ({ label: `Only when ${each.flag}`, text: `serves \`${each.variation}\`` })),
    ...flag.targets.map(({ variation, contextKind, keys }) => ({
      label: `Always ${variation}, ${contextKind}`,
      text: keys.slice(0, 6).join(', ') + (keys.length > 6 ? `, ${keys.length - 6} more` : ''),
    })),
    ...flag.rules.map((rule, index) => ({ label: `Rule ${index + 1}`, text: describeRule(rule) })),
    { label: 'Everyone else', text: describeServe(flag.fallthrough) },
    { label: 'While off', text: `\`${flag.offVariation}\`` },
  ];
}

export interface ComparedRow {
  readonly label: string;
  /** Of each flag; undefined: it has no such line. */
  readonly texts: readonly (string | undefined)[];
  readonly isSame: boolean;
}

/** The same line of several side by side; lines that only some have stand where those have them. */
export function compareLines(flags: readonly EnvironmentFlagView[]): readonly ComparedRow[] {
  const spelled = flags.map(listLines);
  const labels: string[] = [];
  for (const lines of spelled) {
    let at = 0;
    for (const { label } of lines) {
      const known = labels.indexOf(label);
      if (known === -1) labels.splice(at, 0, label);
      at = (known === -1 ? at : known) + 1;
    }
  }
  return labels.map((label) => {
    const texts = spelled.map((lines) => lines.find((line) => line.label === label)?.text);
    return { label, texts, isSame: texts.every((text) => text === texts[0]) };
  });
}
