import type { LineView } from '@sluice/api-client';
import { type FlagState, listVariations } from '@sluice/authoring';
import { attributesOf, type Context, type Detail } from '@sluice/engine';

/** The lines of a flag, as a page shows them, and which of them decided. */
export interface Lines {
  /** In the order of evaluation; what is served while the flag is off is last. */
  readonly all: readonly LineView[];
  /** One of them; or one that people did not write, such as a guard of a migration. */
  readonly find: (detail: Detail, context: Context) => LineView;
}

/** Undefined: there is no such flag, or it is archived. */
export function createLines(flag: FlagState | undefined): Lines {
  const { prerequisites = [], targets = [], rules = [] } = flag?.configuration ?? {};
  const prerequisiteLines = new Map(
    prerequisites.map(({ flag: key }): [string, LineView] => [key, { kind: 'prerequisite', prerequisite: key }]),
  );
  const ruleLines = new Map(rules.map(({ id }): [string, LineView] => [id, { kind: 'rule', rule: id }]));
  const targetLines = targets.map(({ variation, contextKind, keys }) => ({
    line: { kind: 'target', variation, contextKind } satisfies LineView,
    keys: new Set(keys),
  }));
  const variations = flag === undefined ? [] : listVariations(flag);

  function findTarget({ variation }: Detail, context: Context): LineView {
    const served = variation === undefined ? undefined : variations[variation]?.id;
    const found = targetLines.find(
      ({ line, keys }) => line.variation === served && keys.has(attributesOf(context, line.contextKind)?.key ?? ''),
    );
    return found?.line ?? { kind: 'target', ...(served !== undefined && { variation: served }) };
  }

  return {
    all: [
      ...prerequisiteLines.values(),
      ...targetLines.map(({ line }) => line),
      ...ruleLines.values(),
      fallthroughLine,
      offLine,
    ],
    find: (detail, context) => {
      const { reason } = detail;
      switch (reason.kind) {
        case 'OFF':
          return offLine;
        case 'FALLTHROUGH':
          return fallthroughLine;
        case 'TARGET_MATCH':
          return findTarget(detail, context);
        case 'RULE_MATCH': {
          const { ruleId = String(reason.ruleIndex) } = reason;
          return remember(ruleLines, ruleId, { kind: 'rule', rule: ruleId });
        }
        case 'PREREQUISITE_FAILED': {
          const { prerequisiteKey: prerequisite } = reason;
          return remember(prerequisiteLines, prerequisite, { kind: 'prerequisite', prerequisite });
        }
        case 'ERROR':
          return errorLine;
        default:
          return reason satisfies never;
      }
    },
  };
}

const offLine: LineView = { kind: 'off' };
const fallthroughLine: LineView = { kind: 'fallthrough' };
const errorLine: LineView = { kind: 'error' };

function remember(lines: Map<string, LineView>, key: string, line: LineView): LineView {
  const known = lines.get(key);
  if (known !== undefined) return known;
  lines.set(key, line);
  return line;
}
