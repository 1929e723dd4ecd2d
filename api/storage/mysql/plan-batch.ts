import type { StorageKey, TaskDeletion } from '../contract/objects.ts';
import type { DriverMutation, MutationOutcome } from '../driver/revision-tables.ts';
import type { RawKey } from '../rows.ts';

export interface BatchState {
  /** The newest revision; the batch gets the next ones. */
  start: number;
  /** Current rows of the batch's keys, as far as there are any. */
  rows: readonly (RawKey & { revision: number })[];
  /** A longer body does not fit a packet. */
  maxBodyBytes: number;
}

type LogValues = [
  revision: number,
  resource: string,
  namespace: string,
  name: string,
  op: string,
  previousRevision: number,
  body: string,
];

/** What to write for a batch, with several mutations of one key folded into their last. */
export interface BatchPlan {
  outcomes: MutationOutcome[];
  /** The newest revision before it. */
  start: number;
  last: number;
  logRows: LogValues[];
  puts: [resource: string, namespace: string, name: string, revision: number][];
  deletes: StorageKey[];
  deletedTasks: (TaskDeletion & { key: StorageKey; revision: number; previousRevision: number })[];
}

/** Decides each mutation against the state that the ones before it leave. */
export function planBatch(mutations: readonly DriverMutation[], state: BatchState): BatchPlan {
  const before = new Map(state.rows.map((row) => [textOf(row), row.revision]));
  const after = new Map<string, { key: StorageKey; revision: number | undefined }>();
  const plan: BatchPlan = {
    outcomes: [],
    start: state.start,
    last: state.start,
    logRows: [],
    puts: [],
    deletes: [],
    deletedTasks: [],
  };
  for (const mutation of mutations) {
    const { key, op, body } = mutation;
    const id = textOf(key);
    const changed = after.get(id);
    const current = changed === undefined ? before.get(id) : changed.revision;
    const code = refuse(mutation, { current, maxBodyBytes: state.maxBodyBytes });
    if (code !== undefined) {
      plan.outcomes.push({ ok: false, code });
      continue;
    }
    const revision = ++plan.last;
    plan.outcomes.push({ ok: true, revision });
    plan.logRows.push([revision, key.resource, key.namespace, key.name, op, current ?? 0, body]);
    after.set(id, { key, revision: op === 'delete' ? undefined : revision });
    if (mutation.deletedTask !== undefined) {
      plan.deletedTasks.push({ ...mutation.deletedTask, key, revision, previousRevision: current ?? 0 });
    }
  }
  for (const { key, revision } of after.values()) {
    if (revision === undefined) plan.deletes.push(key);
    else plan.puts.push([key.resource, key.namespace, key.name, revision]);
  }
  return plan;
}

type Refusal = Extract<MutationOutcome, { ok: false }>['code'];

function refuse(
  { op, body, expectedRevision }: DriverMutation,
  { current, maxBodyBytes }: { current: number | undefined; maxBodyBytes: number },
): Refusal | undefined {
  // A body of JSON needs at most twice its bytes once it is escaped; only long ones are worth measuring.
  if (body.length * 3 > maxBodyBytes && Buffer.byteLength(body) > maxBodyBytes) return 'TooLarge';
  if (op === 'create') return current === undefined ? undefined : 'Exists';
  if (current === undefined) return 'NotFound';
  return current === expectedRevision ? undefined : 'Conflict';
}

const textOf = (key: RawKey): string => `${key.resource}\0${key.namespace}\0${key.name}`;
