/** A database that the API figures are taken on. */
export interface BenchDatabase {
  /** `other` is a server that we did not start. */
  name: 'mysql' | 'other' | 'sqlite';
  /** What TROUPE_DATABASE_URL has to be; absent for SQLite, whose file is the server's own. */
  url?: string;
}
