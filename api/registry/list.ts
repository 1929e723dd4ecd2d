import { compareBytes } from '../machinery/byte-order.ts';
import { badRequest, expired, StatusError } from '../machinery/status-error.ts';
import type { ListQuery as StoreQuery, ListResult, StoredObject } from '../storage/contract/objects.ts';
import type { ApiObject } from './reading/api-object.ts';
import type { RegistryContext } from './context.ts';
import { formatContinue, parseContinue } from './reading/continue-token.ts';
import type { ContinueToken } from './reading/continue-token.ts';
import { presented, showsAllAsStored } from './reading/presented.ts';
import type { ListQuery, ObjectList } from './requests.ts';
import { storageResource } from './resource.ts';
import type { Resource } from './resource.ts';
import { listRevision } from './reading/resource-version-query.ts';
import type { WantedRevision } from './reading/resource-version-query.ts';
import { parseSelection } from './reading/selection.ts';
import type { Selection, Test } from './reading/selection.ts';
import { isStorageError, storageFailure } from './storage-failure.ts';

/**
 * A page of the objects that match; all pages are of one snapshot (apiserver pkg/storage/etcd3 store.go GetList).
 * @throws StatusError BadRequest, Invalid, Expired, Timeout (a resourceVersion still to come)
 */
export async function listObjects(context: RegistryContext, query: ListQuery): Promise<ObjectList> {
  const { resource } = query;
  const wanted = listRevision(query);
  const token = continueToken(query);
  const selection = parseSelection(query);
  const limit = limitOf(query);
  const { revision, ...found } = await read(context, { resource, selection, wanted, token, limit });
  const page =
    selection.test === undefined
      ? wholePage(found)
      : selectedPage(found, { token, limit, test: selection.test });
  const { end } = page;
  const left = end === undefined || selection.selects ? {} : { remainingItemCount: found.remaining ?? 0 };
  return {
    revision,
    items: shown(resource, page.items),
    ...(end === undefined ? {} : { continue: formatContinue({ revision, after: end }) }),
    ...left,
  };
}

/** What is taken from the cache, whatever its state, comes as a whole (apiserver pkg/storage/cacher delegator). */
function limitOf({ limit = 0, resourceVersion, continue: token = '' }: ListQuery): number {
  return resourceVersion === '0' && token === '' ? 0 : Math.max(limit, 0);
}

/** @throws StatusError BadRequest */
function continueToken(query: ListQuery): ContinueToken | undefined {
  const { resource, namespace, resourceVersion = '' } = query;
  if (query.continue === undefined || query.continue === '') return undefined;
  if (resourceVersion !== '' && resourceVersion !== '0') {
    throw badRequest('specifying resource version is not allowed when using continue');
  }
  return parseContinue(query.continue, { resource, namespace });
}

interface Reading {
  resource: Resource;
  selection: Selection;
  wanted: WantedRevision;
  token: ContinueToken | undefined;
  limit: number;
}

async function read({ store }: RegistryContext, reading: Reading): Promise<ListResult> {
  const { resource, selection, token } = reading;
  try {
    return await store.list({ ...whereOf(resource, selection), ...revisionOf(reading), ...partOf(reading) });
  } catch (error) {
    if (!isStorageError(error, 'Compacted')) throw storageFailure(error, { resource });
    throw token === undefined
      ? expired('The resourceVersion for the provided list is too old.')
      : inconsistentContinue(token);
  }
}

/** Where the store looks. */
export function whereOf(
  resource: Resource,
  { namespace, name }: Selection,
): { resource: string; namespace?: string; name?: string } {
  const all = namespace === '' && resource.scope === 'Namespaced';
  return {
    resource: storageResource(resource),
    ...(all ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
  };
}

/** The store cuts the page out itself where nothing has to be looked at for that. */
function partOf({ selection, token, limit }: Reading): Pick<StoreQuery, 'after' | 'limit'> {
  if (selection.test !== undefined || (limit === 0 && token === undefined)) return {};
  return {
    limit: limit === 0 ? Number.POSITIVE_INFINITY : limit,
    ...(token === undefined ? {} : { after: token.after }),
  };
}

function revisionOf({ wanted, token }: Reading): { minRevision?: number; exactRevision?: number } {
  if (token !== undefined) return token.revision < 0 ? {} : { exactRevision: token.revision };
  if (wanted.minRevision === undefined) return {};
  return wanted.exact ? { exactRevision: wanted.minRevision } : { minRevision: wanted.minRevision };
}

/** Its token goes on with what is newest then: better than starting over, for a client that can live with it. */
function inconsistentContinue({ after }: ContinueToken): StatusError {
  const message =
    'The provided continue parameter is too old to display a consistent list result. You can start a new list ' +
    'without the continue parameter, or use the continue token in this response to retrieve the remainder of the ' +
    'results. Continuing with the provided token results in an inconsistent list - objects that were created, ' +
    'modified, or deleted between the time the first chunk was returned and now may show up in the list.';
  return new StatusError('Expired', message, { continue: formatContinue({ revision: -1, after }) });
}

/** The index of the first object behind a key, which itself may be gone. */
function firstAfter(items: readonly StoredObject[], after: ContinueToken['after']): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBehind((items[middle] as StoredObject).key, after)) high = middle;
    else low = middle + 1;
  }
  return low;
}

function isBehind(key: ContinueToken['after'], after: ContinueToken['after']): boolean {
  const namespaces = compareBytes(key.namespace, after.namespace);
  return namespaces > 0 || (namespaces === 0 && compareBytes(key.name, after.name) > 0);
}

interface Page {
  items: readonly StoredObject[];
  /** Behind this key the next page begins; absent on the last. */
  end?: StoredObject['key'];
}

function wholePage({ items, remaining = 0 }: Omit<ListResult, 'revision'>): Page {
  const last = items.at(-1);
  return remaining === 0 || last === undefined ? { items } : { items, end: last.key };
}

interface SelectedPage {
  token: ContinueToken | undefined;
  limit: number;
  test: Test;
}

function selectedPage(
  { items: all }: Omit<ListResult, 'revision'>,
  { token, limit, test }: SelectedPage,
): Page {
  const items: StoredObject[] = [];
  for (let i = token === undefined ? 0 : firstAfter(all, token.after); i < all.length; i++) {
    const item = all[i] as StoredObject;
    if (!test(item)) continue;
    if (limit > 0 && items.length === limit) return { items, end: (all[i - 1] as StoredObject).key };
    items.push(item);
  }
  return { items };
}

function shown(resource: Resource, items: readonly StoredObject[]): readonly ApiObject[] {
  return showsAllAsStored(resource) ? items : items.map((item) => presented(resource, item));
}
