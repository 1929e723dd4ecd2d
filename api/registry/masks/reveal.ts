import type { User } from '../../machinery/users/user.ts';
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
  const { views, batches } = context.masking;
  const may = (inNamespace: string): Promise<boolean> =>
    mayReveal(context, user, { resource, namespace: inNamespace, name: '' });
  /** One of the two, or a mixture where the right is one for some of the namespaces. */
  const seen = async <T>({ plain, masked, namespaceOf }: Choice<T>): Promise<readonly T[]> => {
    if (await may(namespace)) return plain;
    return namespace === '' ? byNamespace({ plain, masked, namespaceOf }, may) : masked;
  };
  return {
    async list(list) {
      const masked = list.items.map((object) => views.of(resource, object));
      if (masked.every((view, index) => view === list.items[index])) return list;
      const items = await seen({ plain: list.items, masked, namespaceOf: namespaceOfObject });
      return items === list.items ? list : { ...list, items };
    },
    async items(batch) {
      const masked = batches.of(resource, batch);
      return masked === batch ? batch : seen({ plain: batch, masked, namespaceOf: namespaceOfItem });
    },
  };
}

interface Choice<T> {
  plain: readonly T[];
  masked: readonly T[];
  namespaceOf(one: T): string;
}

async function byNamespace<T>(
  { plain, masked, namespaceOf }: Choice<T>,
  may: (namespace: string) => Promise<boolean>,
): Promise<readonly T[]> {
  const hidden = masked.filter((view, index) => view !== plain[index]);
  const allowed = new Map<string, boolean>();
  for (const namespace of new Set(hidden.map(namespaceOf))) allowed.set(namespace, await may(namespace));
  // The batch that all watchers without the right share: its bytes are made once.
  if (![...allowed.values()].includes(true)) return masked;
  return masked.map((view, index) => (allowed.get(namespaceOf(view)) === true ? (plain[index] as T) : view));
}

const namespaceOfObject = ({ object }: ApiObject): string => object.metadata.namespace ?? '';

const namespaceOfItem = (item: WatchItem): string =>
  item.type === 'BOOKMARK' ? '' : namespaceOfObject(item.object);
