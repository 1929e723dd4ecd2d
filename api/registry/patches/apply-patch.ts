import { applyJsonPatch } from '../../machinery/json/json-patch.ts';
import { applyMergePatch } from '../../machinery/json/merge-patch.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import type { PatchRequest } from '../requests.ts';
import { applyStrategicPatch } from './strategic-patch.ts';

/** What a patch of any type but apply makes of an object. */
export function applyPatch({ type, body, target }: PatchRequest, object: Unstructured): Unstructured {
  if (type === 'json') return applyJsonPatch(object, body);
  if (type === 'merge') return applyMergePatch(object, body);
  return applyStrategicPatch(target.resource.schema, object, body);
}
