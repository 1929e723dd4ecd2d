import { isJsonObject } from '../machinery/json/json.ts';
import type { JsonObject } from '../machinery/json/json.ts';
import type { StatusCause } from '../machinery/status-error.ts';
import type { Unstructured } from '../machinery/meta.ts';
import type { StructuralSchema } from '../structural-schema/structural-schema.ts';
import { compileSchema } from './compile-schema.ts';
import { schemaProblems } from './crd/schema-problems.ts';
import { readSchema } from './crd/schema-props.ts';
import { invalidValue } from '../structural-schema/field-error.ts';

/**
 * Parameters that one object gives to another, held to a schema that a user wrote. It is a structural schema as in a
 * CustomResourceDefinition, for the same reasons: patterns run in time that is known, and no code is made of it.
 */

/** The parameters are a field of their own: names such as metadata mean nothing special in them. */
const FIELD = 'parameters';

/** Everything wrong with a schema of parameters, at the field `at`. Pure. */
export function parametersSchemaProblems(schema: unknown, at: string): StatusCause[] {
  const causes: StatusCause[] = [];
  const read = readSchema(schema, { at, causes });
  if (causes.length > 0) return causes;
  if (read.type !== 'object') {
    return [invalidValue(`${at}.type`, read.type ?? '', 'must be object at the root')];
  }
  const prefix = `${at}.properties[${FIELD}]`;
  const found = schemaProblems({ type: 'object', properties: { [FIELD]: read } }, at, false);
  return found.map(({ field = at, reason, message }) => {
    const own = field.startsWith(prefix) ? `${at}${field.slice(prefix.length)}` : field;
    return { reason, message, field: own };
  });
}

export interface CheckedParameters {
  /** With the defaults of the schema. */
  values: JsonObject;
  /** Unknown fields included. */
  causes: StatusCause[];
}

/** Holds parameters to a schema in which parametersSchemaProblems finds nothing; causes are at the field `at`. Pure. */
export function checkParameters(schema: unknown, values: JsonObject, at: string): CheckedParameters {
  const compiled = compileSchema(parameterSchema(schema));
  const { unknownFields } = compiled.prune(wrapped(values));
  const { [FIELD]: filled } = compiled.applyDefaults(wrapped(values));
  const given = isJsonObject(filled) ? filled : {};
  const unknown = unknownFields.map((field): StatusCause => ({
    reason: 'FieldValueForbidden',
    field,
    message: 'Forbidden: there is no such parameter',
  }));
  const causes = [...unknown, ...compiled.validate(wrapped(given))];
  return { values: given, causes: causes.map((cause) => moved(cause, at)) };
}

const parameterSchema = (schema: unknown): StructuralSchema => ({
  type: 'object',
  properties: { [FIELD]: schema as StructuralSchema },
});

const wrapped = (values: JsonObject): Unstructured => ({
  apiVersion: 'v1',
  kind: 'Parameters',
  metadata: { name: 'parameters' },
  [FIELD]: values,
});

function moved(cause: StatusCause, at: string): StatusCause {
  if (cause.field === undefined) return { ...cause, field: at };
  const field = `${at}${cause.field.slice(FIELD.length)}`;
  // Texts of go-openapi have the path once more.
  const message = cause.message.replace(`${cause.field} in body`, () => `${field} in body`);
  return { ...cause, field, message };
}
