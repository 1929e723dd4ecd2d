import type { Unstructured } from '#api/machinery/meta';
import type { StorageKey, StoredObject, StoreEvent } from '#api/storage/contract/objects';
import type { Store } from '#api/storage/contract/store';

/** What a dump of an old schema has in it. Only what every version of the store has is used: old code runs this too. */

export const STORE_OPTIONS = { compaction: { everyMs: 3_600_000, windowMs: 0, minRevisions: 30 } };

const RESOURCES = [
  'configmaps',
  'events',
  'ghosts.agent.wecode.io',
  'leases.coordination.k8s.io',
  'namespaces',
  'secrets',
  'tasks.agent.wecode.io',
];
const LOG_UIDS = ['uid-running', 'uid-ended', 'uid-deleted'];

function key(resource: string, name: string, namespace = 'default'): StorageKey {
  return { resource, namespace: resource === 'namespaces' ? '' : namespace, name };
}

function object({ resource, namespace, name }: StorageKey, content: object): Unstructured {
  const kind = resource.split('.', 1)[0]?.replace(/s$/, '') ?? '';
  return { apiVersion: 'v1', kind, metadata: { name, namespace, uid: `uid-${name}` }, ...content };
}

const create = (store: Store, at: StorageKey, content: object): Promise<StoredObject> =>
  store.commit({ op: 'create', key: at, object: object(at, content) });

const update = (store: Store, { key: at, revision }: StoredObject, content: object): Promise<StoredObject> =>
  store.commit({ op: 'update', key: at, object: object(at, content), expectedRevision: revision });

const remove = (store: Store, { key: at, revision }: StoredObject, more: object = {}) =>
  store.commit({ op: 'delete', key: at, expectedRevision: revision, ...more });

/** The fields about the log when a Task is deleted: the first is for schema 0, the second for those after it. */
const taskDeletion = {
  purgeLogOf: 'uid-deleted',
  deletedTask: { uid: 'uid-deleted', time: 1_795_860_000_000 },
};

/** Several kinds, a history with a compacted beginning, logs of a Task that runs, one that ended and one that is gone. */
export async function fillOld(store: Store): Promise<void> {
  await create(store, key('namespaces', 'default'), { status: { phase: 'Active' } });
  await create(store, key('secrets', 'model'), { data: { key: 'c2VjcmV0' }, type: 'Opaque' });
  let lease = await create(store, key('leases.coordination.k8s.io', 'controllers'), {
    spec: { holder: 'a' },
  });
  for (let i = 0; i < 12; i++) lease = await update(store, lease, { spec: { holder: 'a', renewed: i } });
  const early = await create(store, key('configmaps', 'early'), { data: { a: 'b' } });
  await remove(store, early);
  for (const name of ['Claude Code', 'ü😀', 'x'.repeat(200)]) {
    const ghost = await create(store, key('ghosts.agent.wecode.io', name), {
      spec: { systemPrompt: 'a\n"ß"' },
    });
    await update(store, ghost, { spec: { systemPrompt: "it's \\ better", limit: 1e21 } });
  }
  for (const name of ['running', 'ended', 'deleted']) {
    let task = await create(store, key('tasks.agent.wecode.io', name), { spec: { prompt: name } });
    await appendOld(store, name, { from: 1, to: 6 });
    task = await update(store, task, { spec: { prompt: name }, status: { status: 'RUNNING' } });
    if (name === 'ended')
      await update(store, task, { spec: { prompt: name }, status: { status: 'COMPLETED' } });
    if (name === 'deleted') await remove(store, task, taskDeletion);
  }
  for (let i = 0; i < 10; i++)
    await create(store, key('events', `e${i}`, 'elsewhere'), { reason: 'Started', count: i });
  const last = await create(store, key('configmaps', 'late'), { data: { long: 'z'.repeat(3_000) } });
  await remove(store, last);
  await create(store, key('configmaps', 'late'), { data: {} });
  await store.compact();
}

export function appendOld(store: Store, task: string, { from, to }: { from: number; to: number }) {
  const time = '2026-11-20T10:00:00.000001Z';
  const events = Array.from({ length: to - from + 1 }, (_, i) => ({
    sourceSeq: from + i,
    time,
    type: 'text' as const,
    data: { text: `${from + i} ü😀\\'"\n` },
  }));
  const messages = [{ role: 'ASSISTANT' as const, content: `said by ${from}: ü😀\\'"\u0000\n`, time }];
  return store.log.append({ taskUID: `uid-${task}`, source: `${task}-s0-a1`, events, messages });
}

export interface OldState {
  revision: number;
  compacted: number;
  objects: string[];
  /** From the compacted revision on. */
  events: string[];
  logs: string[];
}

/** Everything that a store says of its content. */
export async function stateOf(store: Store): Promise<OldState> {
  const { revision } = await store.list({ resource: 'namespaces' });
  const compacted = await store.compact();
  const objects: string[] = [];
  const events: StoreEvent[] = [];
  for (const resource of RESOURCES) {
    const { items } = await store.list({ resource });
    objects.push(...items.map((item) => `${item.key.resource} ${item.revision} ${item.json()}`));
    const end = new AbortController();
    const watch = store.watch({ resource, after: compacted, signal: end.signal, onLive: () => end.abort() });
    for await (const batch of watch) events.push(...batch);
  }
  events.sort((a, b) => a.revision - b.revision);
  return {
    revision,
    compacted,
    objects,
    events: events.map((event) => eventText(event)),
    logs: await logsOf(store),
  };
}

const eventText = ({ type, revision, object: after, previous }: StoreEvent): string =>
  `${revision} ${type} ${after.json()} before: ${previous?.json() ?? '-'}`;

async function logsOf(store: Store): Promise<string[]> {
  const texts: string[] = [];
  for (const taskUID of LOG_UIDS) {
    const query = { taskUID, after: 0, limit: 1_000 };
    const [events, messages] = [await store.log.read(query), await store.log.messages(query)];
    texts.push(...[...events, ...messages].map((entry) => `${taskUID} ${JSON.stringify(entry)}`));
  }
  return texts;
}
