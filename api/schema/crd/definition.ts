import type { ObjectMeta } from '../../machinery/meta.ts';
import { deepEqual } from '../../machinery/json/deep-equal.ts';
import { isJsonObject } from '../../machinery/json/json.ts';
import type { JsonObject } from '../../machinery/json/json.ts';
import type { SchemaProps } from './schema-props.ts';

/** A CustomResourceDefinition as a client may send it: of the right types, but anything may be missing. */
export interface Definition {
  metadata: ObjectMeta;
  spec: DefinitionSpec;
  status: {
    acceptedNames?: DefinitionNames;
    conditions?: { type: string; status: string }[];
    storedVersions?: string[];
  };
}

export interface DefinitionSpec {
  group?: string;
  scope?: string;
  names?: DefinitionNames;
  versions?: DefinitionVersion[];
  preserveUnknownFields?: boolean;
  conversion?: { strategy?: string; webhook?: JsonObject };
}

export interface DefinitionNames {
  plural?: string;
  singular?: string;
  kind?: string;
  listKind?: string;
  shortNames?: string[];
  categories?: string[];
}

/** What a version may have, and what all versions have together when it is the same in all of them. */
export interface PerVersion {
  schema?: { openAPIV3Schema?: SchemaProps };
  subresources?: {
    status?: JsonObject;
    scale?: { specReplicasPath?: string; statusReplicasPath?: string; labelSelectorPath?: string };
  };
  additionalPrinterColumns?: { name?: string; type?: string; format?: string; jsonPath?: string }[];
  selectableFields?: { jsonPath?: string }[];
}

export interface DefinitionVersion extends PerVersion {
  name?: string;
  storage?: boolean;
  deprecated?: boolean;
  deprecationWarning?: string;
}

const PER_VERSION = ['schema', 'subresources', 'additionalPrinterColumns', 'selectableFields'] as const;

export interface Hoisted {
  common: PerVersion;
  versions: DefinitionVersion[];
}

/**
 * kube-apiserver judges what is the same in all versions once, and reports it as of spec.validation,
 * spec.subresources and so on (apiextensions/v1/conversion.go).
 */
export function hoistCommon(versions: DefinitionVersion[]): Hoisted {
  const [first] = versions;
  if (first === undefined) return { common: {}, versions };
  const same = PER_VERSION.filter((name) => versions.every((one) => sameValue(one[name], first[name])));
  const common: PerVersion = Object.fromEntries(same.map((name) => [name, first[name]]));
  const rest = versions.map((version) => {
    const entries = Object.entries(version).filter(([name]) => !same.some((one) => one === name));
    return Object.fromEntries(entries) as DefinitionVersion;
  });
  return { common, versions: rest };
}

/** An empty list is no list. */
function sameValue(left: unknown, right: unknown): boolean {
  const present = (value: unknown) => (Array.isArray(value) && value.length === 0 ? undefined : value);
  return deepEqual(present(left), present(right));
}

export function isEstablished({ status }: Definition): boolean {
  return (status.conditions ?? []).some(({ type, status: is }) => type === 'Established' && is === 'True');
}

export function definitionOf(object: JsonObject & { metadata: ObjectMeta }): Definition {
  const { metadata, spec, status } = object;
  return {
    metadata,
    spec: isJsonObject(spec) ? spec : {},
    status: isJsonObject(status) ? status : {},
  };
}
