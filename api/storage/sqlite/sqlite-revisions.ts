import type { Database } from 'better-sqlite3';
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
import type { RawLogRow, RawObjectRow, RawTailRow } from '../rows.ts';
import { translated } from './errors.ts';
import { inTransaction } from './in-transaction.ts';
import { prepareRevisionStatements } from './revision-statements.ts';
import type { RevisionStatements } from './revision-statements.ts';
import { prepareKeyCheck } from './sqlite-encryption-tables.ts';

/** Objects and the revision log in SQLite. Synchronous underneath: a commit blocks for one fsync. */
export class SqliteRevisions implements RevisionTables {
  readonly #connection: Database;
  readonly #sql: RevisionStatements;
  readonly #checkKey: ReturnType<typeof prepareKeyCheck>;

  constructor(connection: Database) {
    this.#connection = connection;
    this.#sql = prepareRevisionStatements(connection);
    this.#checkKey = prepareKeyCheck(connection);
  }

  /** The base is not looked at: nobody else writes this file, and no other file takes its place. */
  async commit({ mutations, commitId, key }: CommitBatch): Promise<MutationOutcome[]> {
    return this.#write(() => {
      this.#checkKey(key);
      const start = this.#state().current;
      let current = start;
      const outcomes = mutations.map((mutation): MutationOutcome => {
        const outcome = this.#applyOne(mutation, { revision: current + 1, commitId });
        if (outcome.ok) current = outcome.revision;
        return outcome;
      });
      if (current > start) this.#sql.setCurrent.run(current);
      return outcomes;
    });
  }

  async tail(after: number, limit: number): Promise<Tail> {
    return this.#read(() => {
      // One more, since the row of `after` itself comes first.
      const rows = this.#sql.tail.all(after, limit + 1) as RawTailRow[];
      return tailOf(rows, { after, state: this.#state() });
    });
  }

  async history({
    resource,
    after,
    upTo,
    limit,
  }: HistoryQuery): Promise<{ compacted: number; rows: HistoryRow[] }> {
    return this.#read(() => {
      const rows = this.#sql.history.all(resource, after, upTo, limit) as RawLogRow[];
      return { compacted: this.#state().compacted, rows: rows.map((row) => historyRow(row)) };
    });
  }

  async revision(): Promise<RevisionState & Pick<Position, 'commitId'>> {
    return translated(() => this.#newest());
  }

  async snapshot(): Promise<Snapshot> {
    return this.#read(() => {
      const { current, compacted, commitId } = this.#newest();
      const rows = (this.#sql.snapshot.all() as RawObjectRow[]).map((row) => objectRow(row));
      return { revision: current, commitId, compacted, rows };
    });
  }

  async bumpRevision(seen: number): Promise<void> {
    translated(() => this.#sql.bumpRevision.run({ seen, gap: REVISION_GAP }));
  }

  #applyOne(mutation: DriverMutation, { revision, commitId }: Position): MutationOutcome {
    const { resource, namespace, name } = mutation.key;
    const sql = this.#sql;
    const current = sql.currentRevision.get(resource, namespace, name) as { revision: number } | undefined;
    const refusal = refuse(mutation, current?.revision);
    if (refusal !== undefined) return { ok: false, code: refusal };
    sql.insertRevision.run(
      revision,
      resource,
      namespace,
      name,
      mutation.op,
      current?.revision ?? 0,
      mutation.body,
      commitId,
    );
    if (mutation.op === 'create') sql.insertObject.run(resource, namespace, name, revision);
    else if (mutation.op === 'update') sql.updateObject.run(revision, resource, namespace, name);
    else sql.deleteObject.run(resource, namespace, name);
    const { deletedTask } = mutation;
    if (deletedTask !== undefined) {
      const previousRevision = current?.revision ?? 0;
      const { uid, time } = deletedTask;
      // A late append must not start the log anew. The rows of the log go in their time.
      sql.markPurged.run(uid, revision);
      sql.keepDeletedTask.run({ uid, namespace, name, revision, time, previousRevision });
    }
    return { ok: true, revision };
  }

  #newest(): RevisionState & Pick<Position, 'commitId'> {
    const state = this.#state();
    const commit = this.#sql.commitOf.get(state.current) as { commitId: string } | undefined;
    return { ...state, commitId: commit?.commitId ?? '' };
  }

  #state(): RevisionState {
    return this.#sql.state.get() as RevisionState;
  }

  #write<T>(body: () => T): T {
    return translated(() => inTransaction(this.#connection, { begin: this.#sql.beginWrite, body }));
  }

  #read<T>(body: () => T): T {
    return translated(() => inTransaction(this.#connection, { begin: this.#sql.beginRead, body }));
  }
}

function refuse(
  mutation: DriverMutation,
  current: number | undefined,
): 'Exists' | 'NotFound' | 'Conflict' | undefined {
  if (mutation.op === 'create') return current === undefined ? undefined : 'Exists';
  if (current === undefined) return 'NotFound';
  return current === mutation.expectedRevision ? undefined : 'Conflict';
}
