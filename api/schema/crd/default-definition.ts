import type { Unstructured } from '../../machinery/meta.ts';
import type { StatusCause } from '../../machinery/status-error.ts';
import { isJsonObject } from '../../machinery/json.ts';
import type { JsonObject } from '../../machinery/json.ts';
import { definitionOf } from './definition.ts';
import type { DefinitionNames, DefinitionVersion } from './definition.ts';
import { readSchema } from './schema-props.ts';

/**
 * A CustomResourceDefinition with its defaults (apiextensions/v1/defaults.go), and with no keyword in its schemas
 * that is none.
 */
export function defaultCustomResourceDefinition(crd: Unstructured): Unstructured {
  const { spec: given, status } = definitionOf(crd);
  const { preserveUnknownFields, ...spec } = given;
  const versions = (spec.versions ?? []).map(withReadSchema);
  const stored = status.storedVersions ?? [];
  const storing = versions.find((version) => isJsonObject(version) && version.storage === true);
  const storage = storing && (storing.name ?? '');
  return {
    ...crd,
    spec: {
      ...spec,
      ...(spec.versions === undefined ? {} : { versions }),
      names: defaultNames(spec.names ?? {}),
      // False is what it is without.
      ...(preserveUnknownFields === true ? { preserveUnknownFields } : {}),
      conversion: spec.conversion ?? { strategy: 'None' },
    },
    // A new storage version is one of the stored ones from the first write on (strategy.go PrepareForUpdate).
    ...(storage === undefined || stored.includes(storage)
      ? {}
      : { status: { ...status, storedVersions: [...stored, storage] } }),
  };
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
