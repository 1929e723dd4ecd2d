import { randomUUID } from 'node:crypto';
import { MAX_REQUEST_BYTES } from '../../machinery/max-request-bytes.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import { BatchQueue } from './batch-queue.ts';
import { StorageError } from '../contract/storage-error.ts';
import type { Mutation, StoredObject } from '../contract/objects.ts';
import type { DriverMutation, MutationOutcome, RevisionTables } from '../driver/revision-tables.ts';
import type { Follower } from './follower.ts';
import type { Change, Memory } from '../memory/memory.ts';
import { atRevision, encodeBody, keep, restore } from '../memory/stored-object.ts';

export interface CommitterOptions {
  memory: Memory;
  follower: Follower;
  tables: Pick<RevisionTables, 'commit'>;
  /** After a batch was committed: tells other replicas. */
  onCommitted(writes: number): void;
  maxItems: number;
  maxBytes: number;
  maxWaiting: number;
  maxWaitingBytes: number;
}

/** What a key costs in a batch beside its body. */
const ROW_OVERHEAD_BYTES = 512;

interface QueuedMutation {
  mutation: DriverMutation;
  /** The object that an update was made of, kept in memory: who changed an object once mostly does so again. */
  updated?: Unstructured;
}

/** Writes through one queue; each write resolves when it is durable and memory has it. */
export class Committer {
  readonly #options: CommitterOptions;
  readonly #queue: BatchQueue<QueuedMutation, MutationOutcome>;

  constructor(options: CommitterOptions) {
    this.#options = options;
    this.#queue = new BatchQueue({
      run: (batch) => this.#commit(batch),
      // A UTF-16 unit becomes at most three bytes; texts are mostly ASCII, and drivers allow for twice the limit.
      sizeOf: ({ mutation }) => mutation.body.length + ROW_OVERHEAD_BYTES,
      maxItems: options.maxItems,
      maxBytes: options.maxBytes,
      maxWaiting: options.maxWaiting,
      maxWaitingBytes: options.maxWaitingBytes,
    });
  }

  async commit(mutation: Mutation): Promise<StoredObject> {
    const previous = mutation.op === 'create' ? undefined : this.#expected(mutation);
    const queued = queuedMutation(mutation);
    const outcome = await this.#queue.add(queued);
    if (!outcome.ok) throw this.#failure(outcome.code, mutation);
    if (previous !== undefined && mutation.op === 'delete') return atRevision(previous, outcome.revision);
    return (
      this.#options.memory.at(mutation.key, outcome.revision) ??
      restore(mutation.key, outcome.revision, queued.mutation.body)
    );
  }

  close(): Promise<void> {
    return this.#queue.close();
  }

  /**
   * The state that an update or delete builds on. Memory is at or past the expected revision (the store saw to
   * it), so what memory denies the database would deny too.
   */
  #expected(mutation: Exclude<Mutation, { op: 'create' }>): StoredObject {
    const current = this.#options.memory.get(mutation.key);
    if (current === undefined) throw this.#failure('NotFound', mutation);
    if (current.revision !== mutation.expectedRevision) throw this.#failure('Conflict', mutation);
    return current;
  }

  async #commit(batch: readonly QueuedMutation[]): Promise<MutationOutcome[]> {
    try {
      const { tables, memory, follower } = this.#options;
      const commitId = randomUUID();
      const outcomes = await tables.commit({
        mutations: batch.map(({ mutation }) => mutation),
        base: memory.position,
        commitId,
      });
      await follower.absorb(this.#changesOf(batch, outcomes, commitId));
      this.#options.onCommitted(batch.length);
      return outcomes;
    } catch (error) {
      this.#options.follower.doubt();
      throw error;
    }
  }

  #changesOf(
    batch: readonly QueuedMutation[],
    outcomes: readonly MutationOutcome[],
    commitId: string,
  ): Change[] {
    return batch.flatMap(({ mutation, updated }, i): Change[] => {
      const outcome = outcomes[i];
      if (outcome?.ok !== true) return [];
      const { key, op, body } = mutation;
      const { revision } = outcome;
      if (op === 'delete') return [{ revision, commitId, key, object: undefined }];
      const written =
        updated === undefined ? restore(key, revision, body) : keep(key, revision, { body, object: updated });
      return [{ revision, commitId, key, object: written }];
    });
  }

  #failure(code: Extract<MutationOutcome, { ok: false }>['code'], mutation: Mutation): StorageError {
    const { resource, namespace, name } = mutation.key;
    const what = `${resource} ${namespace === '' ? '' : `${namespace}/`}${name}`;
    const current = code === 'Conflict' ? this.#options.memory.get(mutation.key) : undefined;
    return new StorageError(code, `${what}: ${TEXTS[code]}`, current === undefined ? {} : { current });
  }
}

const TEXTS = {
  Exists: 'exists already',
  NotFound: 'does not exist',
  Conflict: 'was changed since the expected revision',
  TooLarge: 'is larger than the database takes',
};

/** An object at the limit must still take its mark of deletion, and lose its finalizers one by one. */
const DELETION_SLACK_BYTES = 4096;

/** @throws StorageError OverLimit, so that many small patches cannot make what one body may not */
function boundedBody(object: Unstructured): string {
  const body = encodeBody(object);
  const slack = object.metadata.deletionTimestamp === undefined ? 0 : DELETION_SLACK_BYTES;
  const limit = MAX_REQUEST_BYTES + slack;
  // A UTF-16 unit is at most three bytes of UTF-8: small objects are not counted.
  if (body.length * 3 <= limit) return body;
  const bytes = Buffer.byteLength(body);
  if (bytes <= limit) return body;
  throw new StorageError('OverLimit', `the object would be ${bytes} bytes of JSON; the limit is ${limit}`);
}

function queuedMutation(mutation: Mutation): QueuedMutation {
  const { op, key } = mutation;
  if (op === 'create') {
    return { mutation: { op, key, expectedRevision: 0, body: boundedBody(mutation.object) } };
  }
  const { expectedRevision } = mutation;
  if (op === 'update') {
    const { object } = mutation;
    return { mutation: { op, key, expectedRevision, body: boundedBody(object) }, updated: object };
  }
  const { deletedTask } = mutation;
  const task = deletedTask === undefined ? {} : { deletedTask };
  return { mutation: { op, key, expectedRevision, body: '', ...task } };
}
