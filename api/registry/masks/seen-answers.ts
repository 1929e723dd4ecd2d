import type { RegistryContext } from '../context.ts';
import type { ApiObject } from '../reading/api-object.ts';
import type {
  CollectionQuery,
  GetRequest,
  ObjectList,
  UserRequest,
  WatchItem,
  WriteResult,
} from '../requests.ts';
import type { Resource, Target } from '../resource.ts';
import { mayHoldCredentials } from './masked-view.ts';
import { seenBy, seenObject } from './reveal.ts';
import type { SeenBy } from './reveal.ts';

/** The answers of the verbs as whoever asks may see them: no verb itself knows of masks. */
export interface SeenAnswers {
  object(request: GetRequest, answer: Promise<ApiObject>): Promise<ApiObject>;
  list(query: UserRequest & Collection, answer: Promise<ObjectList>): Promise<ObjectList>;
  events(
    query: CollectionQuery,
    batches: AsyncIterable<readonly WatchItem[]>,
  ): AsyncIterable<readonly WatchItem[]>;
  written<T extends WriteResult>(request: UserRequest & Written, answer: Promise<T>): Promise<T>;
}

interface Collection {
  resource: Resource;
  namespace: string;
}

/** An existing object, or where a new one is made. */
type Written = { target: Target } | Collection;

export function seenAnswers(context: Pick<RegistryContext, 'authorizer' | 'masking'>): SeenAnswers {
  return {
    async object({ target, user }, answer) {
      return seenObject(context, { target, user }, await answer);
    },
    async list(query, answer) {
      return mayHoldCredentials(query.resource) ? seenBy(context, query).list(await answer) : answer;
    },
    events(query, batches) {
      return mayHoldCredentials(query.resource) ? seenEvents(seenBy(context, query), batches) : batches;
    },
    async written(request, answer) {
      const result = await answer;
      const { user } = request;
      const target = targetOf(request, result.object);
      const object = await seenObject(context, { target, user }, result.object);
      return object === result.object ? result : { ...result, object };
    },
  };
}

async function* seenEvents(
  seen: SeenBy,
  batches: AsyncIterable<readonly WatchItem[]>,
): AsyncGenerator<readonly WatchItem[]> {
  for await (const batch of batches) yield await seen.items(batch);
}

function targetOf(request: Written, { object }: ApiObject): Target {
  if ('target' in request) return request.target;
  const { resource, namespace } = request;
  return { resource, namespace, name: object.metadata.name };
}
