/** A database that the API figures are taken on. */
export interface BenchDatabase {
  name: 'sqlite' | 'mysql';
  /** What TROUPE_DATABASE_URL has to be; absent for SQLite, whose file is the server's own. */
  url?: string;
}
