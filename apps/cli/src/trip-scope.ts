import type { InstructionInput } from '@sluice/authoring';
import type { Option } from './command.ts';
import { usageError } from './errors.ts';
import { parsePercent } from './percent.ts';
import { parseClauses, type ScopeValues, scopeOptions } from './scope.ts';

/** Options that say whom a trip concerns. */
export const tripScopeOptions = {
  ...scopeOptions,
  share: { type: 'string', value: 'PERCENT', help: 'only a share of those: 10%' },
  of: { type: 'string', value: 'KIND', help: 'share of which contexts; user unless given' },
  exempt: { type: 'boolean', help: 'goes before all that is not exempt, however severe' },
} as const satisfies Record<string, Option>;

export type Trip = Extract<InstructionInput, { kind: 'trip' }>;
type TripScope = ScopeValues & {
  readonly share?: string | undefined;
  readonly of?: string | undefined;
  readonly exempt?: boolean | undefined;
};

/** Whom a trip concerns. */
export function parseScope(options: TripScope): Pick<Trip, 'when' | 'share' | 'exempt'> {
  const when = parseClauses(options);
  const share = parseShare(options);
  return {
    ...(when.length > 0 && { when }),
    ...(share !== undefined && { share }),
    ...(options.exempt === true && { exempt: true }),
  };
}

function parseShare({ share, of }: TripScope): Trip['share'] {
  if (share === undefined) {
    if (of !== undefined) throw usageError(`--of goes with --share: --share 10% --of ${of}`);
    return undefined;
  }
  const weight = parsePercent('--share', share);
  if (weight === 0) throw usageError('--share must be more than 0: nobody would be concerned');
  return { contextKind: of ?? 'user', weight };
}
