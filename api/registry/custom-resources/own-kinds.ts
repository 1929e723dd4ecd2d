import type { Unstructured } from '../../machinery/meta.ts';
import { StatusError } from '../../machinery/status-error.ts';
import { deepEqual } from '../../machinery/json/deep-equal.ts';
import { loadOwnCrds } from '../../schema/load-crds.ts';

/**
 * The kinds of the program itself are served from its own files, whatever their CustomResourceDefinition objects say:
 * these show them to clients, and may not be changed to say something else.
 */

let names: ReadonlySet<string> | undefined;

export function isOwnKind(name: string): boolean {
  names ??= new Set(loadOwnCrds().map((crd) => crd.metadata.name));
  return names.has(name);
}

/** @throws StatusError Forbidden for a change of what the program serves; labels and annotations may change */
export function refuseOwnKindChange(crd: Unstructured, previous: Unstructured | undefined): void {
  const { name } = crd.metadata;
  if (previous === undefined || !isOwnKind(name) || deepEqual(crd['spec'], previous['spec'])) return;
  throw refusal(name, 'its spec comes with the program and changes with it');
}

/** @throws StatusError Forbidden */
export function refuseOwnKindDeletion({ metadata: { name } }: Unstructured): void {
  if (isOwnKind(name)) throw refusal(name, 'the program itself serves this kind');
}

function refusal(name: string, why: string): StatusError {
  const kind = 'customresourcedefinitions';
  const group = 'apiextensions.k8s.io';
  return new StatusError('Forbidden', `${kind}.${group} "${name}" is forbidden: ${why}`, {
    details: { name, group, kind },
  });
}
