import { DatabaseSync } from 'node:sqlite';
import { sqliteColumnsSql, sqliteStore, type TableLayout } from '@sluice/sdk-node/stores';
import { createTransactions, type Transactions } from './one-transaction.ts';
import type { Price, PriceStores } from './prices.ts';

/** A table whose column `euros` gives way to `cents`: both are stores of the same rows. */
export interface PriceTable extends Transactions {
  readonly stores: PriceStores;
  /** As if the new column had just been added. */
  clearCents(): Promise<void>;
  /** Nobody needs the old column any more. */
  dropEuros(): Promise<void>;
  close(): void;
}

const rows = { table: 'prices', key: 'product' } as const;

const euros: TableLayout<Price> = { ...rows, columns: { euros: 'euros' } };

/** `toCents`: how the new column is written. */
function centsLayout(toCents: (euros: number) => number): TableLayout<Price> {
  return {
    ...rows,
    columns: { euros: { column: 'cents', encode: toCents, decode: (cents) => Number(cents) / 100 } },
    version: 'cents_version',
    deleted: 'cents_deleted',
    // The rows are there already: of those without a version the new column knows nothing yet.
    unversioned: 'nothing',
  };
}

/** In a file of its own, with prices from before. */
export function openPrices(
  file: string,
  { before, toCents }: { readonly before: ReadonlyMap<string, Price>; readonly toCents: (euros: number) => number },
): PriceTable {
  const database = new DatabaseSync(file);
  const cents = centsLayout(toCents);
  database.exec('PRAGMA journal_mode = WAL; CREATE TABLE prices (product TEXT PRIMARY KEY, euros REAL)');
  const insert = database.prepare('INSERT INTO prices VALUES (?, ?)');
  for (const [product, price] of before) insert.run(product, price.euros);
  database.exec('ALTER TABLE prices ADD COLUMN cents INTEGER');
  for (const statement of [...sqliteColumnsSql(euros), ...sqliteColumnsSql(cents)]) database.exec(statement);

  const { transaction, inTurn } = createTransactions(database);
  return {
    transaction,
    stores: {
      old: inTurn(sqliteStore(database, euros)),
      new: inTurn(sqliteStore(database, cents)),
    },
    clearCents: () =>
      transaction(async () => database.exec('UPDATE prices SET cents = NULL, cents_version = NULL, cents_deleted = 0')),
    dropEuros: () =>
      transaction(async () =>
        database.exec(`
          ALTER TABLE prices DROP COLUMN euros;
          ALTER TABLE prices DROP COLUMN mig_version;
          ALTER TABLE prices DROP COLUMN mig_deleted`),
      ),
    close: () => database.close(),
  };
}
