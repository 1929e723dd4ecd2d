import { notFound } from '../machinery/status-error.ts';
import type { ScalePaths } from '../schema/resource-definition.ts';
import { type ApiObject, shownObject } from './api-object.ts';
import type { RegistryContext } from './context.ts';
import { getObject } from './get.ts';
import type { Target } from './resource.ts';
import { scaleOf } from './scale-object.ts';

/** @throws StatusError NotFound, also for a kind without `/scale` */
export async function getScale(context: RegistryContext, target: Target): Promise<ApiObject> {
  const paths = scalePaths(target);
  const { object } = await getObject(context, target);
  return shownObject(scaleOf(object, paths));
}

export function scalePaths({ resource, name }: Target): ScalePaths {
  if (resource.scale === undefined) throw notFound(resource, name);
  return resource.scale;
}
