import type { Unstructured } from '../../machinery/meta.ts';
import { badRequest } from '../../machinery/status-error.ts';
import type { StatusCause } from '../../machinery/status-error.ts';
import { isJsonObject } from '../../machinery/json/json.ts';
import { definitionOf } from './definition.ts';
import { readSchema } from './schema-props.ts';

const KIND = 'CustomResourceDefinition';

/**
 * What a client sent as a definition: the keywords in its schemas that are none, as fieldValidation Strict and Warn
 * name them. `mistyped` are the findings of the kind's own schema about types.
 *
 * @throws StatusError BadRequest when something has another type than it has in Go
 */
export function unknownKeywords(crd: Unstructured, mistyped: readonly StatusCause[]): string[] {
  const causes = mistyped.filter(({ reason }) => reason === 'FieldValueTypeInvalid');
  const unknown: string[] = [];
  // Fields of a wrong type are told first: nothing is read of them.
  if (causes.length === 0)
    for (const [index, version] of (definitionOf(crd).spec.versions ?? []).entries()) {
      const at = `spec.versions[${index}].schema.openAPIV3Schema`;
      const props = isJsonObject(version.schema) ? version.schema.openAPIV3Schema : undefined;
      if (props !== undefined) readSchema(props, { causes, unknown, at });
    }
  const [first] = causes;
  if (first !== undefined) throw notDecoded(first);
  return unknown.sort();
}

const GO_TYPES: Record<string, string> = { integer: 'number', boolean: 'bool' };

/** In the words of encoding/json. */
function notDecoded({ field = '', message }: StatusCause) {
  const [, wanted = '', got = ''] = /must be of type (\S+): "(\S+)"$/.exec(message) ?? [];
  const path = field.replaceAll(/\[\d+\]/g, '');
  const text = `json: cannot unmarshal ${GO_TYPES[got] ?? got} into Go struct field ${KIND}.${path} of type ${wanted}`;
  return badRequest(`${KIND} in version "v1" cannot be handled as a ${KIND}: ${text}`);
}
