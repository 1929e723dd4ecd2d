import type { Database, Statement } from 'better-sqlite3';

/** Runs the body between `begin` and COMMIT; whatever it throws is thrown after a rollback. */
export function inTransaction<T>(connection: Database, step: { begin: Statement; body: () => T }): T {
  step.begin.run();
  try {
    const result = step.body();
    connection.exec('COMMIT');
    return result;
  } catch (error) {
    // Some errors (disk full, I/O) have rolled back already.
    if (connection.inTransaction) connection.exec('ROLLBACK');
    throw error;
  }
}
