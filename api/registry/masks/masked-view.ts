import type { Unstructured } from '../../machinery/meta.ts';
import { credentialFieldsOf } from '../../types/credentials/credential-fields.ts';
import { isMask } from '../../types/credentials/credential.ts';
import { shownObject } from '../reading/api-object.ts';
import type { ApiObject } from '../reading/api-object.ts';
import { storageResource } from '../resource.ts';
import type { Resource } from '../resource.ts';
import { changeCopies } from './object-copies.ts';
import type { Masks } from './masks.ts';

/** Objects as those see them who may not read credentials. */
export interface MaskedViews {
  /**
   * The same object where there is nothing to hide. Made once of each revision, however many read it; its text, too.
   */
  of(resource: Resource, object: ApiObject): ApiObject;
}

export function createMaskedViews(masks: Masks): MaskedViews {
  const views = new WeakMap<ApiObject, ApiObject>();
  return {
    of(resource, object) {
      if (!mayHoldCredentials(resource)) return object;
      let view = views.get(object);
      if (view === undefined) {
        const masked = maskedObject(masks, resource, object.object);
        views.set(object, (view = masked === object.object ? object : shownObject(masked)));
      }
      return view;
    },
  };
}

export const mayHoldCredentials = (resource: Resource): boolean =>
  credentialFieldsOf(storageResource(resource)) !== undefined;

/** The object with a mask in place of each credential; the same object when it has none. */
export function maskedObject(masks: Masks, resource: Resource, object: Unstructured): Unstructured {
  const fields = credentialFieldsOf(storageResource(resource));
  if (fields === undefined) return object;
  const { uid = '' } = object.metadata;
  const mask = ({ place, value }: { place: string; value: unknown }): unknown =>
    isMask(value) ? value : masks.maskOf(uid, { place, value });
  return changeCopies(fields(object, mask) as Unstructured, fields, mask);
}
