/** A database that the API figures are taken on. */
export interface BenchDatabase {
  /** `other` is a server that we did not start. */
  name: 'mysql' | 'other' | 'sqlite';
  /** The value of TROUPE_DATABASE_URL; absent for SQLite, whose file is the server's own. */
  url?: string;
}
