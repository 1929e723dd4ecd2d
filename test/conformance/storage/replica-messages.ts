import type { TaskEventAppend } from '#api/types/tasks/task-event';
import type { ListQuery, StorageKey } from '#api/storage/contract/objects';

/** What a test and its replica processes say to each other. */

export type ReplicaRequest = { id: number } & (
  | {
      do: 'commit';
      /** `expectedRevision` is nothing to a creation. */
      mutation: { op: 'create' | 'update' | 'delete'; key: StorageKey; expectedRevision: number };
      /** Of the new state. */
      value?: string;
    }
  | { do: 'get'; key: StorageKey }
  | { do: 'list'; query: ListQuery }
  | { do: 'append'; batch: TaskEventAppend }
  /** Answered when it ends; its events come before. */
  | { do: 'watch'; resource: string; after: number }
);

export type ReplicaReply = { id: number } & (
  | { result: object }
  /** A code of StorageError; a text for anything else that was thrown, which no test expects. */
  | { error: string }
  | { events: SeenEvent[] }
);

export interface SeenObject {
  name: string;
  revision: number;
  value: string;
}

export interface SeenEvent extends SeenObject {
  type: string;
}
