import { readStoreTables } from './store-tables.ts';
import type { Key, LogLine, StoreTables } from './store-tables.ts';

/**
 * One line for everything in a store's database that no sequence of whole transactions leaves behind. To be asked after
 * a crash, and at the end of any test that writes.
 */
export async function findInconsistencies(url: string): Promise<string[]> {
  const tables = await readStoreTables(url);
  return [...checkLog(tables), ...checkObjects(tables), ...checkTaskLogs(tables)];
}

function* checkLog({ counter, revisions }: StoreTables): Generator<string> {
  const [state] = counter;
  if (state === undefined || counter.length !== 1) {
    yield `the revision counter has ${counter.length} rows`;
    return;
  }
  const { current, compacted } = state;
  if (compacted > current) yield `compacted ${compacted} is above the counter ${current}`;
  let expected = compacted + 1;
  for (const { revision } of revisions) {
    if (revision <= compacted) continue;
    if (revision > current) yield `revision ${revision} is above the counter ${current}`;
    if (revision !== expected) yield `revision ${expected} is missing before ${revision}`;
    expected = revision + 1;
  }
  if (expected <= current) yield `revision ${expected} is missing before the counter ${current}`;
  const byRevision = new Map(revisions.map((line) => [line.revision, line]));
  for (const line of revisions) yield* checkLine(line, { compacted, byRevision });
}

function* checkLine(
  line: LogLine,
  { compacted, byRevision }: { compacted: number; byRevision: ReadonlyMap<number, LogLine> },
): Generator<string> {
  const { revision, op, previousRevision, bytes } = line;
  if ((op === 'delete') !== (bytes === 0)) yield `revision ${revision}: ${op} with ${bytes} bytes`;
  if ((op === 'create') !== (previousRevision === 0))
    yield `revision ${revision}: ${op} of ${previousRevision}`;
  if (previousRevision === 0 || revision <= compacted) return;
  const previous = byRevision.get(previousRevision);
  if (previous === undefined || previous.op === 'delete' || keyText(previous) !== keyText(line)) {
    yield `revision ${revision} replaces ${previousRevision}, which is ${previous === undefined ? 'not there' : 'no state of it'}`;
  }
}

function* checkObjects({ counter, objects, revisions }: StoreTables): Generator<string> {
  const last = new Map(revisions.map((line) => [keyText(line), line]));
  const replaced = new Set<number>();
  for (const { revision, previousRevision } of revisions) {
    if (replaced.has(previousRevision)) yield `revision ${revision} replaces ${previousRevision} again`;
    if (previousRevision !== 0) replaced.add(previousRevision);
  }
  for (const object of objects) {
    const line = last.get(keyText(object));
    last.delete(keyText(object));
    if (line?.revision !== object.revision || line.op === 'delete') {
      yield `${keyText(object)} is at ${object.revision}, its log at ${line === undefined ? 'nothing' : `${line.revision} ${line.op}`}`;
    }
  }
  const compacted = counter[0]?.compacted ?? 0;
  for (const [text, { op, revision }] of last) {
    // A compaction that was interrupted may have dropped a deletion and not yet what it deleted.
    if (op !== 'delete' && revision > compacted) yield `${text} was written at ${revision} and is not there`;
  }
}

function* checkTaskLogs(tables: StoreTables): Generator<string> {
  const events = Map.groupBy(tables.taskEvents, ({ uid }) => uid);
  const messages = Map.groupBy(tables.taskMessages, ({ uid }) => uid);
  const sources = Map.groupBy(tables.taskSources, ({ uid }) => uid);
  for (const { uid, lastSeq, lastMessageId, purgedAt } of tables.taskLogs) {
    const seqs = (events.get(uid) ?? []).map(({ seq }) => seq);
    const ids = (messages.get(uid) ?? []).map(({ id }) => id);
    const purged = purgedAt > 0;
    yield* checkNumbers(`events of ${uid}`, seqs, purged ? 0 : lastSeq);
    yield* checkNumbers(`messages of ${uid}`, ids, purged ? 0 : lastMessageId);
    const bySource = Map.groupBy(events.get(uid) ?? [], ({ source }) => source);
    for (const { source, lastSourceSeq, lastEventSeq } of sources.get(uid) ?? []) {
      const own = bySource.get(source) ?? [];
      const numbers = own.map(({ sourceSeq }) => sourceSeq);
      yield* checkNumbers(`events of ${uid} from ${source}`, numbers, purged ? 0 : lastSourceSeq);
      const last = own.at(-1)?.seq ?? 0;
      if (!purged && last !== lastEventSeq)
        yield `${source} of ${uid}: last event ${last}, said to be ${lastEventSeq}`;
      bySource.delete(source);
    }
    for (const source of bySource.keys()) yield `events of ${uid} from ${source}, which is not known`;
    for (const rows of [events, messages, sources]) rows.delete(uid);
  }
  for (const rows of [events, messages, sources]) {
    for (const uid of rows.keys()) yield `rows of the log of ${uid}, which is not there`;
  }
}

/** From 1 to `last`, in order. */
function* checkNumbers(what: string, numbers: readonly number[], last: number): Generator<string> {
  const wrong = numbers.findIndex((number, i) => number !== i + 1);
  if (wrong >= 0) yield `${what}: ${numbers[wrong]} where ${wrong + 1} belongs`;
  if (numbers.length !== last) yield `${what}: ${numbers.length} of ${last}`;
}

const keyText = ({ resource, namespace, name }: Key): string => `${resource} ${namespace}/${name}`;
