import { badRequest, expired } from '../machinery/status-error.ts';
import type { RegistryContext } from './context.ts';
import type { ListQuery, ObjectList } from './requests.ts';
import { storageResource } from './resource.ts';
import { listRevision } from './revision.ts';
import { parseSelection } from './selection.ts';
import { stored } from './storage-failure.ts';

/**
 * All objects that match, whatever limit was asked for: a server may send more than one page at once
 * (API concepts, "Retrieving large results sets in chunks"), and so never hands out a continue token.
 * @throws StatusError BadRequest, Invalid, Expired, Timeout (a resourceVersion still to come)
 */
export async function listObjects(context: RegistryContext, query: ListQuery): Promise<ObjectList> {
  const { resource, namespace } = query;
  const wanted = listRevision(query);
  if (query.continue !== undefined && query.continue !== '') {
    throw badRequest('continue key is not valid: this server sends lists in one page');
  }
  const selection = parseSelection(query);
  const result = await stored(
    context.store.list({
      resource: storageResource(resource),
      ...(namespace === '' ? {} : { namespace }),
      ...(wanted.minRevision === undefined ? {} : { minRevision: wanted.minRevision }),
    }),
    { resource },
  );
  if (wanted.exact && result.revision !== wanted.minRevision) {
    throw expired(`The resourceVersion for the provided list is too old.`);
  }
  return {
    revision: result.revision,
    items: selection === undefined ? result.items : result.items.filter((item) => selection(item.object)),
  };
}
