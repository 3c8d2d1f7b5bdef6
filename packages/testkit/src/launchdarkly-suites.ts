import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Context, Flag, Reason, Segment } from '@sluice/engine';
import { parse } from 'yaml';

/** One evaluation of LaunchDarkly's cross-SDK test data, expanded. */
export interface LaunchDarklyEvaluation {
  /** `suite / evaluation` */
  readonly name: string;
  readonly flags: readonly Flag[];
  readonly segments: readonly Segment[];
  readonly flagKey: string;
  readonly context: Context;
  readonly valueType: 'bool' | 'int' | 'double' | 'string' | 'any';
  readonly defaultValue: unknown;
  readonly expect: { readonly value: unknown; readonly variationIndex?: number; readonly reason: Reason };
}

/** Where the test data is, unless it is not on this machine. */
export const conformanceFolder: string | undefined = process.env.SLUICE_CONFORMANCE_DIR;

type Json = Readonly<Record<string, unknown>>;

/** Reads and expands all server-side suites below a folder. */
export function readLaunchDarklySuites(folder: string): readonly LaunchDarklyEvaluation[] {
  const files = globSync('server-side-eval/*.yml', { cwd: folder }).sort();
  return files.flatMap((file) => expandFile(readFileSync(join(folder, file), 'utf8')).flatMap(listEvaluations));
}

/** A file is text with parameters: for each set of them it is one suite. */
function expandFile(text: string): readonly Json[] {
  const { constants = {}, parameters } = parse(text, { merge: true }) as { constants?: Json; parameters?: unknown };
  return listParameterSets(parameters).map(
    (set) => parse(substitute(substitute(substitute(text, constants), set), constants), { merge: true }) as Json,
  );
}

/** A list of maps, or several lists whose combinations are meant, the first varying fastest. */
function listParameterSets(parameters: unknown): readonly Json[] {
  if (!Array.isArray(parameters) || parameters.length === 0) return [{}];
  if (!Array.isArray(parameters[0])) return parameters as Json[];
  return (parameters as Json[][]).reduce<Json[]>(
    (sets, list) => list.flatMap((entry) => sets.map((set) => ({ ...set, ...entry }))),
    [{}],
  );
}

/** `"<NAME>"` becomes the value's JSON; elsewhere `<NAME>` does too, but strings go in without quotes. */
function substitute(text: string, values: Json): string {
  return Object.entries(values).reduce((result, [name, value]) => {
    const json = JSON.stringify(value);
    return result
      .replaceAll(`"<${name}>"`, () => json)
      .replaceAll(`<${name}>`, () => (typeof value === 'string' ? value : json));
  }, text);
}

interface Suite {
  readonly name: string;
  readonly sdkData: { readonly flags?: Json; readonly segments?: Json };
  readonly evaluations: readonly {
    readonly name: string;
    readonly flagKey: string;
    readonly context: Context;
    readonly valueType?: LaunchDarklyEvaluation['valueType'];
    readonly default?: unknown;
    readonly expect: LaunchDarklyEvaluation['expect'];
  }[];
}

function listEvaluations(parsed: Json): readonly LaunchDarklyEvaluation[] {
  // The files have this form; one that has not fails the tests that use it.
  const suite = parsed as unknown as Suite;
  const flags = withKeys(suite.sdkData.flags).map((flag) => flag as unknown as Flag);
  const segments = withKeys(suite.sdkData.segments).map((segment) => segment as unknown as Segment);
  return suite.evaluations.map((evaluation) => ({
    name: `${suite.name} / ${evaluation.name}`,
    flags,
    segments,
    flagKey: evaluation.flagKey,
    context: evaluation.context,
    valueType: evaluation.valueType ?? 'any',
    defaultValue:
      'default' in evaluation ? evaluation.default : inferDefault(flags.find(({ key }) => key === evaluation.flagKey)),
    expect: evaluation.expect,
  }));
}

function withKeys(objects: Json | undefined): readonly Json[] {
  return Object.entries(objects ?? {}).map(([key, object]) => {
    const { version, ...rest } = object as Json;
    return { ...rest, key, version: version || 1 };
  });
}

function inferDefault(flag: Flag | undefined): unknown {
  const [first] = flag?.variations ?? [];
  if (typeof first === 'boolean') return false;
  if (typeof first === 'number') return 0;
  return typeof first === 'string' ? '' : null;
}
