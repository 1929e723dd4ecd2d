import { StorageError } from '../contract/storage-error.ts';
import type {
  CommitBatch,
  DriverMutation,
  HistoryQuery,
  HistoryRow,
  MutationOutcome,
  Position,
  RevisionState,
  RevisionTables,
  Snapshot,
  Tail,
} from '../driver/revision-tables.ts';
import { REVISION_GAP } from '../commits/revision-gap.ts';
import { historyRow, objectRow, tailOf } from '../rows.ts';
import type { RawKey, RawLogRow, RawObjectRow, RawTailRow } from '../rows.ts';
import { checkKey, findKey } from './key-check.ts';
import { planBatch } from './plan-batch.ts';
import type { BatchPlan } from './plan-batch.ts';
import type { MysqlConnections } from './connections.ts';
import { joinSql, rowGroups, rowList, sql } from './sql-text.ts';
import type { Sql } from './sql-text.ts';

const LOG_COLUMNS = sql`r.revision, r.resource, r.namespace, r.name, r.op,
  r.previous_revision AS previousRevision, r.body, p.body AS previousBody`;

const NEWEST = sql`SELECT c.current, c.compacted, r.commit_id AS commitId
  FROM revision_counter c LEFT JOIN revisions r ON r.revision = c.current WHERE c.id = 1`;

/** Objects and the revision log in MySQL or MariaDB. */
export class MysqlRevisions implements RevisionTables {
  readonly #connections: MysqlConnections;

  constructor(connections: MysqlConnections) {
    this.#connections = connections;
  }

  /** Two round trips: lock the counter and read the keys; write everything and commit. */
  async commit({ mutations, base, commitId, key }: CommitBatch): Promise<MutationOutcome[]> {
    const sent: BatchPlan[] = [];
    return this.#connections.commit(async (session, mayHaveCommitted) => {
      const keyQueries = findKey(key);
      // The counter first: whoever holds it is the only one who commits, so revisions become visible in order.
      const [, counter, anchor, rows, ...more] = await session.query([
        sql`START TRANSACTION`,
        sql`SELECT current, compacted FROM revision_counter WHERE id = 1 FOR UPDATE`,
        sql`SELECT commit_id AS commitId FROM revisions WHERE revision = ${base.revision}`,
        sql`SELECT resource, namespace, name, revision FROM objects WHERE ${keysOf(mutations)}`,
        ...keyQueries,
        ...(mayHaveCommitted ? [firstOf(commitId, base)] : []),
      ]);
      const committed = more[keyQueries.length] as { revision: number }[] | undefined;
      const done = sent.find(({ start }) => start + 1 === committed?.[0]?.revision);
      if (done !== undefined) {
        await session.finish([]);
        return done.outcomes;
      }
      checkKey(key, more);
      const state = stateOf(counter as RevisionState[]);
      checkBase(base, {
        anchor: (anchor as { commitId: string }[])[0]?.commitId,
        compacted: state.compacted,
      });
      const plan = planBatch(mutations, {
        start: state.current,
        rows: rows as (RawKey & { revision: number })[],
        maxBodyBytes: this.#connections.maxPacket / 2 - 4096,
      });
      sent.push(plan);
      await session.finish(plan.last === state.current ? [] : this.#statements(plan, commitId));
      return plan.outcomes;
    });
  }

  /**
   * The rows first: what compaction removed before them is then known to be compacted. Joining the counter instead
   * would make the server sort all rows with their bodies.
   */
  async tail(after: number, limit: number): Promise<Tail> {
    // One row more than asked for, since that of `after` itself comes first. Only a delete needs the row before it:
    // its own body is empty.
    const [rows, counter] = await this.#connections.readAll([
      sql`SELECT r.commit_id AS commitId, ${LOG_COLUMNS} FROM revisions r
        LEFT JOIN revisions p ON r.op = 'delete' AND p.revision = r.previous_revision
        WHERE r.revision >= ${after} ORDER BY r.revision LIMIT ${limit + 1}`,
      sql`SELECT current, compacted FROM revision_counter WHERE id = 1`,
    ]);
    return tailOf(rows as RawTailRow[], { after, state: stateOf(counter as RevisionState[]) });
  }

  async history({
    resource,
    after,
    upTo,
    limit,
  }: HistoryQuery): Promise<{ compacted: number; rows: HistoryRow[] }> {
    const rows = await this.#connections.read(sql`SELECT ${LOG_COLUMNS} FROM revisions r
      LEFT JOIN revisions p ON p.revision = r.previous_revision
      WHERE r.resource = ${resource} AND r.revision > ${after} AND r.revision <= ${upTo}
      ORDER BY r.revision LIMIT ${limit}`);
    // Read after the rows: what compaction removed before them is then known to be compacted.
    const { compacted } = await this.revision();
    return { compacted, rows: (rows as RawLogRow[]).map((row) => historyRow(row)) };
  }

  async revision(): Promise<RevisionState & { commitId: string }> {
    return newestOf(await this.#connections.read(NEWEST));
  }

  async snapshot(): Promise<Snapshot> {
    const [counter, rows] = await this.#connections.readSnapshot([
      NEWEST,
      sql`SELECT o.resource, o.namespace, o.name, o.revision, r.body
        FROM objects o JOIN revisions r ON r.revision = o.revision`,
    ]);
    const { current, compacted, commitId } = newestOf(counter ?? []);
    const objects = (rows as RawObjectRow[]).map((row) => objectRow(row));
    return { revision: current, commitId, compacted, rows: objects };
  }

  async bumpRevision(seen: number): Promise<void> {
    // MySQL takes the assignments in order: `compacted` gets what `current` has become.
    await this.#connections.transaction((session) =>
      session.finish([
        sql`UPDATE revision_counter SET current = GREATEST(current, ${seen}) + ${REVISION_GAP}, compacted = current
          WHERE id = 1 AND compacted < ${seen}`,
      ]),
    );
  }

  #statements(plan: BatchPlan, commitId: string): Sql[] {
    const inserts = rowGroups(plan.logRows, this.#connections.maxPacket - 4096).map(
      (
        rows,
      ) => sql`INSERT INTO revisions (revision, resource, namespace, name, op, previous_revision, body, commit_id)
        VALUES ${rowList(rows.map((row) => [...row, commitId]))}`,
    );
    const puts = plan.puts.length === 0 ? [] : [putObjects(plan)];
    const deletes =
      plan.deletes.length === 0
        ? []
        : [sql`DELETE FROM objects WHERE ${keysOf(plan.deletes.map((key) => ({ key })))}`];
    return [
      ...inserts,
      ...puts,
      ...deletes,
      ...plan.deletedTasks.flatMap((task) => taskStatements(task)),
      sql`UPDATE revision_counter SET current = ${plan.last} WHERE id = 1`,
    ];
  }
}

function stateOf([state]: readonly RevisionState[]): RevisionState {
  if (state === undefined) throw new Error('the revision counter is missing');
  return { current: state.current, compacted: state.compacted };
}

function newestOf(rows: readonly unknown[]): RevisionState & Pick<Position, 'commitId'> {
  const commitId = (rows as { commitId: string | null }[])[0]?.commitId ?? '';
  return { ...stateOf(rows as RevisionState[]), commitId };
}

/** @throws StorageError Diverged where the database is not known to have gone the way that memory knows */
function checkBase(
  { revision, commitId }: Position,
  { anchor, compacted }: { anchor: string | undefined; compacted: number },
): void {
  const isOurs = anchor === undefined ? revision === 0 || revision === compacted : anchor === commitId;
  if (isOurs) return;
  throw new StorageError('Diverged', `revision ${revision} is not what it was, or compacted`);
}

/** The first revision that a commit gave out, if it happened. */
const firstOf = (commitId: string, base: Position): Sql => sql`SELECT MIN(revision) AS revision FROM revisions
  WHERE revision > ${base.revision} AND commit_id = ${commitId}`;

function putObjects(plan: BatchPlan): Sql {
  return sql`INSERT INTO objects (resource, namespace, name, revision) VALUES ${rowList(plan.puts)}
    ON DUPLICATE KEY UPDATE revision = VALUES(revision)`;
}

/** The mark first: it waits for an append under way, and later appends see it. The rows of the log go in their time. */
function taskStatements(task: BatchPlan['deletedTasks'][number]): Sql[] {
  const { uid, time, key, revision, previousRevision } = task;
  return [
    sql`INSERT INTO task_logs (task_uid, last_seq, last_message_id, purged_at)
      VALUES (${uid}, 0, 0, ${revision}) ON DUPLICATE KEY UPDATE purged_at = VALUES(purged_at)`,
    sql`REPLACE INTO deleted_tasks (task_uid, namespace, name, revision, deleted_at, body)
      SELECT ${uid}, ${key.namespace}, ${key.name}, ${revision}, ${time}, body
      FROM revisions WHERE revision = ${previousRevision}`,
  ];
}

/** A condition for the keys. Grouped by namespace, because MariaDB reads no index for lists of triples. */
function keysOf(items: readonly { key: DriverMutation['key'] }[]): Sql {
  const groups = Map.groupBy(items, ({ key }) => `${key.resource}\0${key.namespace}`);
  const conditions = [...groups.values()].map((group) => {
    const { resource, namespace } = (group[0] as { key: DriverMutation['key'] }).key;
    const names = group.map(({ key }) => key.name);
    return sql`(resource = ${resource} AND namespace = ${namespace} AND name IN (${names}))`;
  });
  return conditions.length === 0 ? sql`FALSE` : joinSql(conditions, ' OR ');
}
