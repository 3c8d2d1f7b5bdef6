import { SluiceError } from '../../errors.ts';
import type { Page, Stored } from '../store.ts';

/**
 * Where a property of a value is kept. A string: in the column of this name, as the driver takes and gives it. `json`:
 * as JSON text, or in a column of the database's JSON type. Else what is between the two; neither is asked about NULL,
 * which is `null`.
 */
export type ValueColumn<V> =
  | string
  | { readonly json: string }
  | {
      readonly column: string;
      encode(value: NonNullable<V>): unknown;
      decode(stored: unknown): V;
    };

interface TableNames {
  /** Of the table, if not what the connection's search path finds: PostgreSQL's schema, MariaDB's database. */
  readonly schema?: string;
  readonly table: string;
  /**
   * The column with the record's key; it must be unique. What it takes for equal is one record: with a collation that
   * folds case or drops spaces at the end these are fewer than other stores have.
   */
  readonly key: string;
  /** Text that compares byte by byte; NULL in rows that something without versions wrote. `mig_version` by default. */
  readonly version?: string;
  /**
   * Whether the row is a tombstone. Whatever else reads the table must leave those out. `mig_deleted` by default.
   */
  readonly deleted?: string;
  /**
   * What rows without a version are: `records`, of a version below all others; or `nothing`, where the rows are there
   * already and the store is new columns beside the old ones. `records` by default.
   */
  readonly unversioned?: 'records' | 'nothing';
}

/**
 * How records lie in a table. `columns`: a property of the value in each; one may be the key's own column. `json`: the
 * whole value as JSON in one column. A tombstone's columns are NULL, or hold what `tombstone` says, for columns that
 * cannot be NULL.
 */
export type TableLayout<T> = TableNames &
  (
    | {
        readonly columns: { readonly [P in keyof T]-?: ValueColumn<T[P]> };
        readonly tombstone?: Partial<T>;
      }
    | { readonly json: string; readonly tombstone?: T }
  );

/** In what the databases differ. */
export interface Dialect {
  quote(name: string): string;
  /** The text of an expression, whatever its type. */
  text(expression: string): string;
  /** The text of an expression, to be compared and sorted by the bytes of its UTF-8. */
  binary(expression: string): string;
  /** The parameter at this place, from 1. */
  parameter(at: number): string;
}

/** A row as statements made here select it: `k` key, `v` version, `d` whether it is a tombstone, `c0`… the value. */
export type Row = Readonly<Record<string, unknown>>;

/** What adapters make statements from; all names are quoted. */
export interface Table<T> {
  readonly name: string;
  readonly key: string;
  readonly version: string;
  readonly deleted: string;
  /** What is true of rows that are records of this store; undefined: all are. */
  readonly condition: string | undefined;
  /** Columns that are written: key, version, tombstone, then those of the value. */
  readonly written: readonly string[];
  /** What is written into them; `value` undefined: a tombstone. */
  encode(key: string, value: T | undefined, version: string): readonly unknown[];
  /** The list after `select`. */
  readonly selected: string;
  decode(row: Row): Stored<T>;
  decodePage(rows: readonly Row[]): readonly Keyed<T>[];
}

type Keyed<T> = Stored<T> & { readonly key: string };

export function describeTable<T>(layout: TableLayout<T>, dialect: Dialect): Table<T> {
  const { schema, table, version = 'mig_version', deleted = 'mig_deleted' } = layout;
  const parts =
    'json' in layout
      ? [wholeValue<T>(layout.json)]
      : Object.entries<ValueColumn<T[keyof T]>>(layout.columns).map(toPart<T>);
  refuseUnusable(layout, [version, deleted, ...parts.map(({ column }) => column)]);

  const quote = (name: string) => dialect.quote(name);
  const [key, quotedVersion, quotedDeleted] = [quote(layout.key), quote(version), quote(deleted)];
  const ownParts = parts.filter(({ column }) => column !== layout.key);
  const { tombstone } = layout;
  const decode = (row: Row): Stored<T> => ({
    value: Number(row.d) === 1 ? undefined : decodeValue(parts, row),
    version: String(row.v),
  });
  return {
    name: schema === undefined ? quote(table) : `${quote(schema)}.${quote(table)}`,
    key,
    version: quotedVersion,
    deleted: quotedDeleted,
    condition: layout.unversioned === 'nothing' ? `${quotedVersion} is not null` : undefined,
    written: [key, quotedVersion, quotedDeleted, ...ownParts.map(({ column }) => quote(column))],
    encode: (recordKey, value, recordVersion) => [
      recordKey,
      recordVersion,
      value === undefined ? 1 : 0,
      ...ownParts.map((part) => part.encode(value === undefined ? tombstone : value)),
    ],
    selected: [
      `${dialect.text(key)} as k`,
      `coalesce(${quotedVersion}, '') as v`,
      `case when ${quotedDeleted} then 1 else 0 end as d`,
      // Of JSON the text: drivers disagree on what they make of it.
      ...parts.map(({ column, isJson }, at) => `${isJson ? dialect.text(quote(column)) : quote(column)} as c${at}`),
    ].join(', '),
    decode,
    decodePage: (rows) => rows.map((row) => ({ key: String(row.k), ...decode(row) })),
  };
}

/** One column of a value. */
interface Part<T> {
  readonly column: string;
  readonly isJson: boolean;
  /** undefined: it is the whole value. */
  readonly property: string | undefined;
  encode(value: Partial<T> | undefined): unknown;
  decode(stored: unknown): unknown;
}

function wholeValue<T>(column: string): Part<T> {
  return {
    column,
    isJson: true,
    property: undefined,
    encode: (value) => (value === undefined ? null : JSON.stringify(value)),
    decode: parseJson,
  };
}

function toPart<T>([property, place]: [string, ValueColumn<T[keyof T]>]): Part<T> {
  // Layouts have the properties of T, and no others.
  const pick = (value: Partial<T> | undefined) => value?.[property as keyof T] ?? undefined;
  if (typeof place === 'string') {
    return { property, column: place, isJson: false, encode: (value) => pick(value) ?? null, decode: (it) => it };
  }
  if ('json' in place) {
    const encode = (value: Partial<T> | undefined) => {
      const picked = pick(value);
      return picked === undefined ? null : JSON.stringify(picked);
    };
    return { property, column: place.json, isJson: true, encode, decode: parseJson };
  }
  return {
    property,
    column: place.column,
    isJson: false,
    encode: (value) => {
      const picked = pick(value);
      return picked === undefined ? null : place.encode(picked);
    },
    decode: (stored) => place.decode(stored),
  };
}

function parseJson(stored: unknown): unknown {
  return JSON.parse(String(stored));
}

function decodeValue<T>(parts: readonly Part<T>[], row: Row): T {
  const values = parts.map((part, at) => {
    const stored = row[`c${at}`] ?? null;
    return [part.property, stored === null ? null : part.decode(stored)] as const;
  });
  const whole = values.find(([property]) => property === undefined);
  // The layout promises that a row is a T.
  return (whole === undefined ? Object.fromEntries(values) : whole[1]) as T;
}

function refuseUnusable(layout: TableNames, columns: readonly string[]): void {
  const names = [layout.table, layout.key, ...(layout.schema === undefined ? [] : [layout.schema]), ...columns];
  for (const name of names) {
    if (typeof name === 'string' && name !== '' && !name.includes('\0')) continue;
    throw new SluiceError(
      'invalid-options',
      `a name in the layout of ${layout.table} must be text, got ${JSON.stringify(name)}`,
    );
  }
  const { unversioned = 'records' } = layout;
  if (unversioned !== 'records' && unversioned !== 'nothing') {
    const found = JSON.stringify(unversioned);
    throw new SluiceError('invalid-options', `unversioned of ${layout.table} must be records or nothing, got ${found}`);
  }
  const twice = columns.find((name, at) => columns.indexOf(name) !== at);
  if (twice !== undefined) {
    throw new SluiceError('invalid-options', `column ${twice} of ${layout.table} must hold one thing, got two for it`);
  }
  if (columns.slice(0, 2).includes(layout.key)) {
    throw new SluiceError('invalid-options', `column ${layout.key} of ${layout.table} is the key and cannot be more`);
  }
}

/** Whether a row, whose columns are named with this in front, has a version below the given one. */
export function isOlderSql<T>(table: Table<T>, { binary }: Dialect, row: string, given: string): string {
  const version = `${row}${table.version}`;
  const isOlder = `${binary(`coalesce(${version}, '')`)} < ${binary(given)}`;
  return table.condition === undefined ? isOlder : `(${version} is null or ${isOlder})`;
}

/** Its parameters are what `encode` gives. Whether a row was changed says whether the write was applied. */
export function upsertSql<T>(table: Table<T>, dialect: Dialect): string {
  const { parameter } = dialect;
  const [key, ...others] = table.written;
  return [
    `insert into ${table.name} as present (${table.written.join(', ')})`,
    `values (${table.written.map((_, at) => parameter(at + 1)).join(', ')})`,
    `on conflict (${key}) do update set ${others.map((column) => `${column} = excluded.${column}`).join(', ')}`,
    `where ${isOlderSql(table, dialect, 'present.', `excluded.${table.version}`)}`,
  ].join(' ');
}

export function readSql<T>(table: Table<T>, { parameter }: Dialect): string {
  const conditions = [`${table.key} = ${parameter(1)}`, ...(table.condition === undefined ? [] : [table.condition])];
  return `select ${table.selected} from ${table.name} where ${conditions.join(' and ')}`;
}

/** A page by the order of `key`, an expression; its parameters are those of `after` and `upTo` that are there. */
export function scanSql<T>(table: Table<T>, { parameter }: Dialect, key: string, page: Page): string {
  const { after, upTo, limit } = page;
  if (!Number.isSafeInteger(limit) || limit < 1) {
    throw new SluiceError('invalid-options', `limit of a page must be an integer from 1, got ${limit}`);
  }
  const ends = [...(after === undefined ? [] : ['>']), ...(upTo === undefined ? [] : ['<='])];
  const conditions = [
    ...ends.map((operator, at) => `${key} ${operator} ${parameter(at + 1)}`),
    ...(table.condition === undefined ? [] : [table.condition]),
  ];
  const where = conditions.length === 0 ? '' : `where ${conditions.join(' and ')} `;
  return `select ${table.selected} from ${table.name} ${where}order by ${key} limit ${limit}`;
}

export function scanParameters({ after, upTo }: Page): readonly string[] {
  return [after, upTo].filter((end) => end !== undefined);
}
