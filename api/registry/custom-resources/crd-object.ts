import type { Unstructured } from '../../machinery/meta.ts';
import type { StoredObject } from '../../storage/contract/objects.ts';
import { fieldsOf } from '../../machinery/json/json.ts';

/** The parts of a CustomResourceDefinition that tell what is served; read leniently, since old ones may be of any form. */

export interface CrdNames {
  plural: string;
  singular: string;
  kind: string;
  listKind: string;
  shortNames: string[];
  categories: string[];
}

export interface CrdObject {
  stored: StoredObject;
  name: string;
  group: string;
  requested: CrdNames;
  /** Empty strings as long as none were accepted. */
  accepted: CrdNames;
  isEstablished: boolean;
  isTerminating: boolean;
}

export const CLEANUP_FINALIZER = 'customresourcecleanup.apiextensions.k8s.io';
export const CRD_RESOURCE = 'customresourcedefinitions.apiextensions.k8s.io';

export function crdObject(stored: StoredObject): CrdObject {
  const { metadata, ...rest } = stored.object;
  const spec = fieldsOf(rest['spec']);
  const status = fieldsOf(rest['status']);
  return {
    stored,
    name: metadata.name,
    group: text(spec['group']),
    requested: defaulted(namesOf(spec['names'])),
    accepted: namesOf(status['acceptedNames']),
    isEstablished: conditionsOf(stored.object).some(
      (one) => one.type === 'Established' && one.status === 'True',
    ),
    isTerminating: metadata.deletionTimestamp !== undefined,
  };
}

export interface CrdCondition {
  type: string;
  status: 'False' | 'True' | 'Unknown';
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
}

export function conditionsOf(crd: Unstructured): readonly CrdCondition[] {
  const { conditions } = fieldsOf(crd['status']);
  return Array.isArray(conditions) ? (conditions as CrdCondition[]) : [];
}

export function storedVersionsOf(crd: Unstructured): string[] {
  return texts(fieldsOf(crd['status'])['storedVersions']);
}

export function storageVersionOf(crd: Unstructured): string | undefined {
  const { versions } = fieldsOf(crd['spec']);
  if (!Array.isArray(versions)) return undefined;
  const storage = versions.map(fieldsOf).find((version) => version['storage'] === true);
  return storage === undefined ? undefined : text(storage['name']);
}

function namesOf(value: unknown): CrdNames {
  const names = fieldsOf(value);
  return {
    plural: text(names['plural']),
    singular: text(names['singular']),
    kind: text(names['kind']),
    listKind: text(names['listKind']),
    shortNames: texts(names['shortNames']),
    categories: texts(names['categories']),
  };
}

/** As defaulting of the kind does; here for objects that were stored without. */
function defaulted(names: CrdNames): CrdNames {
  const { kind } = names;
  return {
    ...names,
    singular: names.singular === '' ? kind.toLowerCase() : names.singular,
    listKind: names.listKind === '' ? `${kind}List` : names.listKind,
  };
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
