import { silentLogger } from '#api/machinery/logger';
import { StorageError } from '#api/storage/contract/storage-error';
import type { Mutation, StoredObject, StoreEvent } from '#api/storage/contract/objects';
import type { Store } from '#api/storage/contract/store';
import { openStore } from '#api/storage/open-store';
import { task, valueOf } from './objects.ts';
import type { ReplicaReply, ReplicaRequest, SeenEvent, SeenObject } from './replica-messages.ts';

/** A child process that serves one store to its parent, see replica.ts: what a test can stop and kill as a whole. */
const [url = '', options = '{}'] = process.argv.slice(2);
const store: Store = await openStore({ url, logger: silentLogger, ...(JSON.parse(options) as object) });

const seenObject = (stored: StoredObject): SeenObject => ({
  name: stored.key.name,
  revision: stored.revision,
  value: String(valueOf(stored)),
});
const seenEvent = (event: StoreEvent): SeenEvent => ({ type: event.type, ...seenObject(event.object) });

/** Never throws: what fails is an answer too. A parent that has gone ends this process, see below. */
function reply(message: ReplicaReply): void {
  process.send?.(message, undefined, undefined, () => undefined);
}

async function answer(request: ReplicaRequest): Promise<object> {
  switch (request.do) {
    case 'commit':
      return { revision: (await store.commit(mutationOf(request))).revision };
    case 'get': {
      const found = await store.get(request.key);
      return found === undefined ? {} : { object: seenObject(found) };
    }
    case 'list': {
      const { revision, items } = await store.list(request.query);
      return { revision, items: items.map(seenObject) };
    }
    case 'append':
      return store.log.append(request.batch);
    case 'watch': {
      const { resource, after, id } = request;
      for await (const events of store.watch({ resource, after, signal: new AbortController().signal })) {
        reply({ id, events: events.map(seenEvent) });
      }
      return {};
    }
  }
}

function mutationOf({ mutation, value }: Extract<ReplicaRequest, { do: 'commit' }>): Mutation {
  const { op, key, expectedRevision } = mutation;
  const object = task(key, value);
  if (op === 'create') return { op, key, object };
  return op === 'update' ? { op, key, object, expectedRevision } : { op, key, expectedRevision };
}

process.on('message', (request: ReplicaRequest) => {
  const { id } = request;
  answer(request).then(
    (result) => reply({ id, result }),
    (error: unknown) =>
      reply({
        id,
        error: error instanceof StorageError ? error.code : `not a StorageError: ${String(error)}`,
      }),
  );
});
process.on('disconnect', () => process.exit());
reply({ id: 0, result: {} });
