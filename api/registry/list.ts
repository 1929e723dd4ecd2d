import { compareBytes } from '../machinery/byte-order.ts';
import { badRequest, expired, StatusError } from '../machinery/status-error.ts';
import type { ListResult, StoredObject } from '../storage/contract.ts';
import type { ApiObject } from './api-object.ts';
import type { RegistryContext } from './context.ts';
import { type ContinueToken, formatContinue, parseContinue } from './continue-token.ts';
import { presented, showsAllAsStored } from './presented.ts';
import type { ListQuery, ObjectList } from './requests.ts';
import { type Resource, storageResource } from './resource.ts';
import { listRevision, type WantedRevision } from './revision.ts';
import { parseSelection, type Selection, type Test } from './selection.ts';
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
  const { revision, items } = await read(context, { resource, selection, wanted, token });
  const from = token === undefined ? 0 : firstAfter(items, token.after);
  const page = takePage(items, { from, limit: limitOf(query), test: selection.test });
  const { next } = page;
  const left = next === undefined || selection.selects ? {} : { remainingItemCount: items.length - next };
  return {
    revision,
    items: shown(resource, page.items),
    ...(next === undefined ? {} : { continue: formatContinue({ revision, after: lastKey(items, next) }) }),
    ...left,
  };
}

/** What is taken from the cache, whatever its state, comes as a whole (apiserver pkg/storage/cacher delegator). */
function limitOf({ limit = 0, resourceVersion, continue: token = '' }: ListQuery): number {
  return resourceVersion === '0' && token === '' ? 0 : limit;
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
}

async function read({ store }: RegistryContext, reading: Reading): Promise<ListResult> {
  const { resource, selection, token } = reading;
  try {
    return await store.list({ ...whereOf(resource, selection), ...revisionOf(reading) });
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
  /** Index of the first object of the next page; absent on the last. */
  next?: number;
}

function takePage(
  all: readonly StoredObject[],
  { from, limit, test }: { from: number; limit: number; test: Test | undefined },
): Page {
  if (test === undefined) {
    const end = limit > 0 ? Math.min(from + limit, all.length) : all.length;
    const items = from === 0 && end === all.length ? all : all.slice(from, end);
    return end < all.length ? { items, next: end } : { items };
  }
  const items: StoredObject[] = [];
  for (let i = from; i < all.length; i++) {
    const item = all[i] as StoredObject;
    if (!test(item)) continue;
    if (limit > 0 && items.length === limit) return { items, next: i };
    items.push(item);
  }
  return { items };
}

const lastKey = (items: readonly StoredObject[], next: number): StoredObject['key'] =>
  (items[next - 1] as StoredObject).key;

function shown(resource: Resource, items: readonly StoredObject[]): readonly ApiObject[] {
  return showsAllAsStored(resource) ? items : items.map((item) => presented(resource, item));
}
