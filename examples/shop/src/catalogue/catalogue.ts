import { DatabaseSync } from 'node:sqlite';

export interface Product {
  readonly id: number;
  readonly name: string;
  readonly description: string;
  readonly cents: number;
}

/** That an account bought something, for what is told to others. */
export interface Purchase {
  readonly account: string;
  readonly product: number;
  readonly quantity: number;
}

export interface Catalogue {
  /** How many statements were executed so far. */
  readonly queries: number;
  findProduct(id: number): Product | undefined;
  /** What others bought who bought this, most often first. */
  listBoughtTogether(id: number): readonly Product[];
  addPurchase(purchase: Purchase): void;
  close(): void;
}

const schema = `
  PRAGMA journal_mode = WAL;
  CREATE TABLE IF NOT EXISTS products (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, description TEXT NOT NULL, cents INTEGER NOT NULL
  );
  CREATE TABLE IF NOT EXISTS purchases (
    id INTEGER PRIMARY KEY, account TEXT NOT NULL, product INTEGER NOT NULL REFERENCES products, quantity INTEGER NOT NULL
  );
  CREATE INDEX IF NOT EXISTS purchases_by_account ON purchases (account);
  CREATE INDEX IF NOT EXISTS purchases_by_product ON purchases (product);`;

/** Opens the shop's database, and fills it with so many products where there are none. */
export function openCatalogue(file: string, productCount: number): Catalogue {
  const database = new DatabaseSync(file);
  database.exec(schema);
  fill(database, productCount);
  const find = database.prepare('SELECT id, name, description, cents FROM products WHERE id = ?');
  const together = database.prepare(`
    SELECT p.id, p.name, p.description, p.cents
    FROM purchases mine JOIN purchases theirs ON theirs.account = mine.account JOIN products p ON p.id = theirs.product
    WHERE mine.product = ? AND theirs.product <> mine.product
    GROUP BY p.id ORDER BY count(*) DESC, p.id LIMIT 5`);
  const add = database.prepare('INSERT INTO purchases (account, product, quantity) VALUES (?, ?, ?)');
  let queries = 0;
  return {
    get queries() {
      return queries;
    },
    findProduct: (id) => {
      queries++;
      // Rows are as the schema says, here and below.
      return find.get(id) as Product | undefined;
    },
    listBoughtTogether: (id) => {
      queries++;
      return together.all(id) as unknown as readonly Product[];
    },
    addPurchase: ({ account, product, quantity }) => {
      queries++;
      add.run(account, product, quantity);
    },
    close: () => database.close(),
  };
}

const materials = ['oak', 'steel', 'linen', 'glass', 'wool', 'cork', 'brass', 'paper', 'clay'];
const things = ['table', 'lamp', 'chair', 'shelf', 'blanket', 'bowl', 'mirror', 'clock', 'vase', 'frame'];
const rooms = ['kitchen', 'bedroom', 'hall', 'garden', 'study', 'attic', 'workshop'];

function fill(database: DatabaseSync, productCount: number): void {
  if (database.prepare('SELECT 1 FROM products LIMIT 1').get() !== undefined) return;
  const addProduct = database.prepare('INSERT INTO products (name, description, cents) VALUES (?, ?, ?)');
  const addPurchase = database.prepare('INSERT INTO purchases (account, product, quantity) VALUES (?, ?, 1)');
  const pick = (words: readonly string[], index: number): string => words[index % words.length] ?? '';
  database.exec('BEGIN');
  for (let index = 0; index < productCount; index++) {
    const [material, thing, room] = [pick(materials, index), pick(things, index), pick(rooms, index)];
    const others = `Goes with the ${pick(things, index + 3)} of ${pick(materials, index + 5)} in the ${pick(rooms, index + 2)}.`;
    addProduct.run(
      `${material} ${thing} ${index + 1}`,
      `A ${thing} of ${material} for the ${room}. ${others}`,
      500 + index,
    );
    addPurchase.run(String(index % 500), index + 1);
  }
  database.exec('COMMIT');
}
