import type { Unstructured } from '../../machinery/meta.ts';
import type { StatusCause } from '../../machinery/status-error.ts';
import { isJsonObject } from '../../machinery/json/json.ts';
import type { JsonObject } from '../../machinery/json/json.ts';
import { definitionOf } from './definition.ts';
import type { DefinitionNames, DefinitionVersion } from './definition.ts';
import { readSchema } from './schema-props.ts';

/**
 * A CustomResourceDefinition with its defaults (apiextensions/v1/defaults.go), and without unknown keywords in its
 * schemas.
 */
export function defaultCustomResourceDefinition(crd: Unstructured): Unstructured {
  const { preserveUnknownFields, ...spec } = definitionOf(crd).spec;
  return {
    ...crd,
    spec: {
      ...spec,
      ...(spec.versions === undefined ? {} : { versions: spec.versions.map(withReadSchema) }),
      names: defaultNames(spec.names ?? {}),
      // False means the same as an absent field.
      ...(preserveUnknownFields === true ? { preserveUnknownFields } : {}),
      conversion: spec.conversion ?? { strategy: 'None' },
    },
  };
}

/** A new storage version counts as stored from the first write on (strategy.go PrepareForCreate, PrepareForUpdate). */
export function withStorageVersion(crd: Unstructured): Unstructured {
  const { spec, status } = definitionOf(crd);
  const stored = status.storedVersions ?? [];
  const storing = (spec.versions ?? []).find((version) => isJsonObject(version) && version.storage === true);
  const storage = storing && (storing.name ?? '');
  if (storage === undefined || stored.includes(storage)) return crd;
  return { ...crd, status: { ...status, storedVersions: [...stored, storage] } };
}

function defaultNames(names: DefinitionNames): DefinitionNames {
  const { kind = '', singular = '', listKind = '' } = names;
  return {
    ...names,
    singular: singular === '' ? kind.toLowerCase() : singular,
    ...(listKind === '' && kind !== '' ? { listKind: `${kind}List` } : {}),
  };
}

/** A schema of a wrong shape stays as it is: validation names what is wrong. */
function withReadSchema(version: DefinitionVersion): DefinitionVersion {
  if (!isJsonObject(version)) return version;
  const schema: JsonObject | undefined = isJsonObject(version.schema) ? version.schema : undefined;
  const props = schema?.['openAPIV3Schema'];
  if (!isJsonObject(props)) return version;
  const causes: StatusCause[] = [];
  const read = readSchema(props, { causes, at: '' });
  if (causes.length > 0) return version;
  return { ...version, schema: { ...schema, openAPIV3Schema: read } };
}
