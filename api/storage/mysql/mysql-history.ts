import { COMPACTION_PROGRESS, obsoleteRevisions } from '../compaction/history-tables.ts';
import type { HistoryMark, HistoryTables, ReplacingRow } from '../compaction/history-tables.ts';
import type { MysqlConnections } from './connections.ts';
import { sql } from './sql-text.ts';

/** Rows of the log per transaction. */
const BATCH = 500;

/** Compaction in MySQL or MariaDB. */
export class MysqlHistory implements HistoryTables {
  readonly #connections: MysqlConnections;

  constructor(connections: MysqlConnections) {
    this.#connections = connections;
  }

  async marks(limit: number): Promise<HistoryMark[]> {
    const rows = await this.#connections.read(
      sql`SELECT revision, time FROM history_marks ORDER BY revision DESC LIMIT ${limit}`,
    );
    return (rows as HistoryMark[]).map(({ revision, time }) => ({ revision, time }));
  }

  addMark({ after, time, keep }: Parameters<HistoryTables['addMark']>[0]): Promise<void> {
    return this.#connections.transaction(async (session) => {
      // The counter's lock for a moment: of two replicas whose minute is over the second sees the mark of the first.
      const [, counter, found] = await session.query([
        sql`START TRANSACTION`,
        sql`SELECT current FROM revision_counter WHERE id = 1 FOR UPDATE`,
        sql`SELECT MAX(revision) AS newest, COUNT(*) AS count FROM history_marks`,
      ]);
      const { current } = (counter as [{ current: number }])[0];
      const { newest, count } = (found as [{ newest: number | null; count: number }])[0];
      const isMine = newest === (after ?? null) && newest !== current;
      await session.finish(
        isMine
          ? [
              // Those of a number that was never given out, or was lost, would stay the newest for ever.
              sql`DELETE FROM history_marks WHERE revision > ${current}`,
              sql`INSERT IGNORE INTO history_marks (revision, time) VALUES (${current}, ${time})`,
              sql`DELETE FROM history_marks ORDER BY revision LIMIT ${Math.max(count + 1 - keep, 0)}`,
            ]
          : [],
      );
    });
  }

  async raiseCompacted(upTo: number): Promise<number> {
    return this.#connections.transaction(async (session) => {
      const [, , counter] = await session.query([
        sql`START TRANSACTION`,
        sql`UPDATE revision_counter SET compacted = GREATEST(compacted, LEAST(${upTo}, current - 1))
          WHERE id = 1 AND current > 0 AND compacted < ${upTo}`,
        sql`SELECT compacted FROM revision_counter WHERE id = 1`,
      ]);
      await session.finish([]);
      return (counter as [{ compacted: number }])[0].compacted;
    });
  }

  dropHistory(): Promise<'busy' | 'done' | 'more'> {
    return this.#connections.transaction(async (session) => {
      // Read without the counter's lock. It only ever rises, and what it allows to go was allowed before.
      const [, progress, counter] = await session.query([
        sql`START TRANSACTION`,
        sql`SELECT position FROM progress WHERE name = ${COMPACTION_PROGRESS} FOR UPDATE SKIP LOCKED`,
        sql`SELECT compacted, EXISTS (SELECT 1 FROM progress WHERE name = ${COMPACTION_PROGRESS}) AS begun
          FROM revision_counter WHERE id = 1`,
      ]);
      const from = (progress as { position: number }[])[0]?.position;
      const { compacted, begun } = (counter as [{ compacted: number; begun: number }])[0];
      if (begun === 0) {
        await session.finish([
          sql`INSERT IGNORE INTO progress (name, position) VALUES (${COMPACTION_PROGRESS}, 0)`,
        ]);
        return 'more';
      }
      if (from === undefined || from >= compacted) {
        await session.finish([]);
        return from === undefined ? 'busy' : 'done';
      }
      // By rows and not by numbers: numbers may jump by millions.
      const [rows] = (await session.query([
        sql`SELECT revision, op, previous_revision AS previousRevision FROM revisions
          WHERE revision > ${from} AND revision <= ${compacted} ORDER BY revision LIMIT ${BATCH}`,
      ])) as [ReplacingRow[]];
      const obsolete = obsoleteRevisions(rows);
      const isLast = rows.length < BATCH;
      const reached = isLast ? compacted : (rows.at(-1)?.revision ?? compacted);
      await session.finish([
        ...(obsolete.length === 0 ? [] : [sql`DELETE FROM revisions WHERE revision IN (${obsolete})`]),
        sql`UPDATE progress SET position = ${reached} WHERE name = ${COMPACTION_PROGRESS}`,
      ]);
      return isLast ? 'done' : 'more';
    });
  }
}
