import type { User } from '../../machinery/user.ts';
import type { RegistryContext } from '../context.ts';
import type { ApiObject } from '../reading/api-object.ts';
import type { ObjectList, UserRequest, WatchItem } from '../requests.ts';
import type { Resource, Target } from '../resource.ts';

/** The verb of those who may read the credentials in an object. */
export const REVEAL = 'reveal';

type Context = Pick<RegistryContext, 'authorizer' | 'masking'>;

/** `name` is '' for all objects of a namespace, `namespace` '' for all namespaces. */
export async function mayReveal({ authorizer }: Context, user: User, target: Target): Promise<boolean> {
  const { resource, namespace, name } = target;
  const { group, version, plural } = resource;
  const { verdict } = await authorizer.authorize(user, {
    verb: REVEAL,
    path: '',
    resource: { group, version, plural, subresource: '', namespace, name },
  });
  return verdict === 'allow';
}

/** The object as its reader may see it. Who may reveal it is asked only where there is something to hide. */
export async function seenObject(
  context: Context,
  { user, target }: UserRequest & { target: Target },
  object: ApiObject,
): Promise<ApiObject> {
  const masked = context.masking.views.of(target.resource, object);
  if (masked === object || (await mayReveal(context, user, target))) return object;
  return masked;
}

/**
 * A list or the events of a watch as their reader may see them. As for the verb list, a right for single names does not
 * count: it is asked once for all, else once for each namespace that something is in.
 */
export interface SeenBy {
  list(list: ObjectList): Promise<ObjectList>;
  /** A right that was taken away counts from the next batch on. */
  items(batch: readonly WatchItem[]): Promise<readonly WatchItem[]>;
}

export function seenBy(
  context: Context,
  { user, resource, namespace }: UserRequest & { resource: Resource; namespace: string },
): SeenBy {
  const masked = (object: ApiObject): ApiObject => context.masking.views.of(resource, object);
  const rights = (): Rights => collectionRights(context, user, { resource, namespace, name: '' });
  return {
    async list(list) {
      const views = list.items.map(masked);
      if (views.every((view, index) => view === list.items[index])) return list;
      const may = rights();
      const items: ApiObject[] = [];
      for (const [index, object] of list.items.entries()) {
        const view = views[index] as ApiObject;
        items.push(view === object || (await may(object)) ? object : view);
      }
      return { ...list, items };
    },
    async items(batch) {
      const view = context.masking.batches.of(resource, batch);
      if (view === batch) return batch;
      const may = rights();
      const shown: WatchItem[] = [];
      for (const [index, item] of batch.entries()) {
        const hidden = view[index] as WatchItem;
        shown.push(item.type === 'BOOKMARK' || hidden === item || (await may(item.object)) ? item : hidden);
      }
      // The batch that all watchers without the right share, or that all with it do: its bytes are made once.
      if (shown.every((item, index) => item === view[index])) return view;
      return shown.every((item, index) => item === batch[index]) ? batch : shown;
    },
  };
}

type Rights = (object: ApiObject) => Promise<boolean>;

function collectionRights(context: Context, user: User, everything: Target): Rights {
  const known = new Map<string, Promise<boolean>>();
  const ask = (namespace: string): Promise<boolean> => {
    let answer = known.get(namespace);
    if (answer === undefined)
      known.set(namespace, (answer = mayReveal(context, user, { ...everything, namespace })));
    return answer;
  };
  return async ({ object }) =>
    (await ask(everything.namespace)) ||
    (everything.namespace === '' && (await ask(object.metadata.namespace ?? '')));
}
