/**
 * What is used of Standard Schema version 1 (https://standardschema.dev), which zod, valibot and ArkType implement:
 * something that tells unknown values from good ones.
 */
export interface StandardSchema<Output> {
  readonly '~standard': {
    readonly version: 1;
    /** Promised answers cannot be used: a value is in force or it is not. */
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly output: Output } | undefined;
  };
}

export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** For people: `at least 1, got 0 (limits.search)`. */
export function describeIssue({ message, path = [] }: SchemaIssue): string {
  const names = path.map((part) => String(typeof part === 'object' ? part.key : part));
  return names.length === 0 ? message : `${message} (${names.join('.')})`;
}
