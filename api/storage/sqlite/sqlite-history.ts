import type { Database } from 'better-sqlite3';
import { COMPACTION_PROGRESS, obsoleteRevisions } from '../compaction/history-tables.ts';
import type { HistoryMark, HistoryTables, ReplacingRow } from '../compaction/history-tables.ts';
import { translated } from './errors.ts';
import { inTransaction } from './in-transaction.ts';

/** Rows of the log per transaction, at most: everything waits for it. */
const BATCH = 500;
/** And about so many bytes of bodies: freeing a page costs as much as reading it. */
const BATCH_BYTES = 4 * 1024 * 1024;

type Statements = ReturnType<typeof prepareStatements>;

/** Compaction in SQLite. */
export class SqliteHistory implements HistoryTables {
  readonly #connection: Database;
  readonly #sql: Statements;

  constructor(connection: Database) {
    this.#connection = connection;
    this.#sql = prepareStatements(connection);
  }

  async marks(limit: number): Promise<HistoryMark[]> {
    return translated(() => this.#sql.marks.all(limit) as HistoryMark[]);
  }

  async addMark({ after, time, keep }: Parameters<HistoryTables['addMark']>[0]): Promise<void> {
    this.#write(() => {
      const { newest, count } = this.#sql.newestMark.get() as { newest: number | null; count: number };
      const { current } = this.#sql.counter.get() as { current: number };
      if (newest !== (after ?? null) || newest === current) return;
      // Those of a number that was never given out, or was lost, would stay the newest for ever.
      this.#sql.dropFutureMarks.run(current);
      this.#sql.insertMark.run(current, time);
      this.#sql.dropOldMarks.run(Math.max(count + 1 - keep, 0));
    });
  }

  async raiseCompacted(upTo: number): Promise<number> {
    return this.#write(() => {
      this.#sql.raise.run({ upTo });
      return (this.#sql.counter.get() as { compacted: number }).compacted;
    });
  }

  async dropHistory(): Promise<'done' | 'more'> {
    return this.#write(() => {
      const begun = this.#sql.progress.get(COMPACTION_PROGRESS) as { position: number } | undefined;
      const position = begun?.position ?? 0;
      const { compacted } = this.#sql.counter.get() as { compacted: number };
      if (position >= compacted) return 'done';
      // By rows and not by numbers: numbers may jump by millions.
      const found = this.#sql.replacing.all(position, compacted, BATCH) as (ReplacingRow & Sized)[];
      const rows = withinBytes(found);
      const isLast = rows.length === found.length && found.length < BATCH;
      for (const revision of obsoleteRevisions(rows)) this.#sql.drop.run(revision);
      const reached = isLast ? compacted : (rows.at(-1)?.revision ?? compacted);
      this.#sql.putProgress.run(COMPACTION_PROGRESS, reached);
      return isLast ? 'done' : 'more';
    });
  }

  #write<T>(body: () => T): T {
    return translated(() => inTransaction(this.#connection, { begin: this.#sql.begin, body }));
  }
}

interface Sized {
  /** Of the body that the row replaced. */
  bytes: number;
}

function withinBytes<T extends Sized>(rows: readonly T[]): readonly T[] {
  let bytes = 0;
  const end = rows.findIndex((row) => (bytes += row.bytes) > BATCH_BYTES);
  return end < 0 ? rows : rows.slice(0, end + 1);
}

function prepareStatements(db: Database) {
  return {
    begin: db.prepare('BEGIN IMMEDIATE'),
    counter: db.prepare('SELECT current, compacted FROM revision_counter WHERE id = 1'),
    raise: db.prepare(
      `UPDATE revision_counter SET compacted = max(compacted, min(@upTo, current - 1))
       WHERE id = 1 AND compacted < @upTo`,
    ),
    marks: db.prepare('SELECT revision, time FROM history_marks ORDER BY revision DESC LIMIT ?'),
    newestMark: db.prepare('SELECT max(revision) AS newest, count(*) AS count FROM history_marks'),
    insertMark: db.prepare('INSERT OR IGNORE INTO history_marks (revision, time) VALUES (?, ?)'),
    dropFutureMarks: db.prepare('DELETE FROM history_marks WHERE revision > ?'),
    dropOldMarks: db.prepare(
      `DELETE FROM history_marks WHERE revision IN
       (SELECT revision FROM history_marks ORDER BY revision LIMIT ?)`,
    ),
    progress: db.prepare('SELECT position FROM progress WHERE name = ?'),
    putProgress: db.prepare(
      `INSERT INTO progress (name, position) VALUES (?, ?)
       ON CONFLICT (name) DO UPDATE SET position = excluded.position`,
    ),
    // octet_length() knows the length of a body without reading it.
    replacing: db.prepare(
      `SELECT r.revision, r.op, r.previous_revision AS previousRevision,
       coalesce(octet_length(p.body), 0) AS bytes
       FROM revisions r LEFT JOIN revisions p ON p.revision = r.previous_revision
       WHERE r.revision > ? AND r.revision <= ? ORDER BY r.revision LIMIT ?`,
    ),
    drop: db.prepare('DELETE FROM revisions WHERE revision = ?'),
  };
}
