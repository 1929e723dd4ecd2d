import type { StorageKey } from '../contract/objects.ts';
import type {
  CommitBatch,
  DriverMutation,
  HistoryQuery,
  HistoryRow,
  MutationOutcome,
  RevisionTables,
  Snapshot,
  Tail,
} from '../driver/revision-tables.ts';
import { objectOwner } from './sealed-text.ts';
import { seal, stampOf } from './text-cipher.ts';
import type { TextCipher } from './text-cipher.ts';

export interface EncryptedRevisionsOptions {
  tables: RevisionTables;
  cipher: TextCipher;
  resources: ReadonlySet<string>;
}

/** Revisions whose bodies the database cannot read. Those of other kinds pass as they are, as do plain ones from before. */
export function encryptedRevisions({ tables, cipher, resources }: EncryptedRevisionsOptions): RevisionTables {
  const isSecret = ({ body, key }: DriverMutation): boolean => body !== '' && resources.has(key.resource);
  const open = ({ key, revision, body }: Row): string =>
    cipher.open(body, objectOwner(key), () => nameOf(key, revision));
  const opened = <T extends Row>(row: T): T => {
    const body = open(row);
    return body === row.body ? row : { ...row, body };
  };
  const openedPast = (row: HistoryRow): HistoryRow => {
    const { key, previousRevision: revision, previousBody: body } = row;
    return body === undefined ? opened(row) : { ...opened(row), previousBody: open({ key, revision, body }) };
  };
  return {
    async commit(batch: CommitBatch): Promise<MutationOutcome[]> {
      if (!batch.mutations.some(isSecret)) return tables.commit(batch);
      return cipher.writing((key) => {
        const mutations = batch.mutations.map((mutation) =>
          isSecret(mutation)
            ? { ...mutation, body: seal(key, mutation.body, objectOwner(mutation.key)) }
            : mutation,
        );
        return tables.commit({ ...batch, mutations, key: stampOf(key) });
      });
    },
    async tail(after: number, limit: number): Promise<Tail> {
      const tail = await tables.tail(after, limit);
      return cipher.reading(() => ({ ...tail, rows: tail.rows.map(opened) }));
    },
    async history(query: HistoryQuery): Promise<{ compacted: number; rows: HistoryRow[] }> {
      const { compacted, rows } = await tables.history(query);
      return cipher.reading(() => ({ compacted, rows: rows.map(openedPast) }));
    },
    async snapshot(): Promise<Snapshot> {
      const snapshot = await tables.snapshot();
      return cipher.reading(() => ({ ...snapshot, rows: snapshot.rows.map(opened) }));
    },
    revision: () => tables.revision(),
    bumpRevision: (seen) => tables.bumpRevision(seen),
  };
}

interface Row {
  key: StorageKey;
  revision: number;
  body: string;
}

function nameOf({ resource, namespace, name }: StorageKey, revision: number): string {
  return `${resource} ${namespace === '' ? '' : `${namespace}/`}${name} (revision ${revision})`;
}
