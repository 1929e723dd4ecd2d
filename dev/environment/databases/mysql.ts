import { SERVER_VARIABLES } from './database-program.ts';
import type { DatabaseFlavour } from './database-program.ts';
import { databaseServer } from './database-server.ts';

export interface Mysql extends AsyncDisposable {
  /** mysql://user:password@host:port/database; the user may create databases. */
  readonly url: string;
}

export interface MysqlOptions {
  /** Default `mariadb`. */
  flavour?: DatabaseFlavour;
  /** Whether a commit is on disk before it is acknowledged; default false. Figures for people need true. */
  durable?: boolean;
}

/** The server that TROUPE_TEST_DATABASE_URL (for MySQL proper TROUPE_TEST_MYSQL_URL) names, else a private one. */
export async function mysql({ flavour = 'mariadb', durable = false }: MysqlOptions = {}): Promise<Mysql> {
  const named = process.env[SERVER_VARIABLES[flavour]];
  if (named) return { url: named, async [Symbol.asyncDispose]() {} };
  return databaseServer({ flavour, durable });
}
