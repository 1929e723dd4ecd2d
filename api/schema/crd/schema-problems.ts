import type { StatusCause } from '../../machinery/status-error.ts';
import { checkRules } from '../../cel/rules/compile-rules.ts';
import { defaultRuleProblems } from '../../cel/rules/default-rules.ts';
import { forbidden, invalidValue } from '../../structural-schema/field-error.ts';
import type { StructuralSchema } from '../../structural-schema/structural-schema.ts';
import { defaultProblems } from './default-problems.ts';
import { ROOT, openApiProblems } from './open-api-schema.ts';
import { patternSizeProblems } from './pattern-budget.ts';
import { someSchema, UNSUPPORTED_KEYWORDS } from './schema-props.ts';
import type { SchemaProps } from './schema-props.ts';
import { structuralCauses } from './structural-invariants.ts';

/** Everything wrong with the schema of a version (apiextensions validateCustomResourceDefinitionValidation). */
export function schemaProblems(schema: SchemaProps, at: string, hasStatus: boolean): StatusCause[] {
  const large = patternSizeProblems(schema, at);
  if (large.length > 0) return large;
  const causes = hasStatus ? rootProblems(schema, at) : [];
  if (schema.nullable === true)
    causes.push(forbidden(`${at}.nullable`, 'nullable cannot be true at the root'));
  const structural = hasUnsupported(schema) ? [] : structuralProblems(schema, at);
  const all = [...causes, ...structural, ...openApiProblems(schema, at, ROOT)];
  if (all.length > 0) return all;
  if (someSchema(schema, (one) => one.$schema !== undefined))
    return [invalidValue(at, '', "OpenAPIV3Schema 'schema' is not supported")];
  // Rules are compiled against the types of the schema: it has to be in order first.
  const ruled = defaultRuleProblems(asResource(schema as StructuralSchema), at);
  return ruled.length > 0 ? ruled : checkRules(schema as StructuralSchema, at);
}

function structuralProblems(schema: SchemaProps, at: string): StatusCause[] {
  const causes = structuralCauses(schema, at);
  return causes.length > 0 ? causes : defaultProblems(asResource(schema as StructuralSchema), at);
}

const asResource = (schema: StructuralSchema): StructuralSchema => ({
  ...schema,
  'x-kubernetes-embedded-resource': true,
});

/** openApiProblems names them. */
function hasUnsupported(schema: SchemaProps): boolean {
  return someSchema(
    schema,
    (one) =>
      (Array.isArray(one.items) && one.items.length > 0) ||
      one['x-kubernetes-preserve-unknown-fields'] === false ||
      UNSUPPORTED_KEYWORDS.some((name) => one[name] !== undefined),
  );
}

/** By the names that the message lists them with: those of the fields in Go. */
const ALLOWED_AT_ROOT: Record<string, string> = {
  description: 'Description',
  type: 'Type',
  format: 'Format',
  title: 'Title',
  maximum: 'Maximum',
  exclusiveMaximum: 'ExclusiveMaximum',
  minimum: 'Minimum',
  exclusiveMinimum: 'ExclusiveMinimum',
  maxLength: 'MaxLength',
  minLength: 'MinLength',
  pattern: 'Pattern',
  maxItems: 'MaxItems',
  minItems: 'MinItems',
  uniqueItems: 'UniqueItems',
  multipleOf: 'MultipleOf',
  required: 'Required',
  items: 'Items',
  properties: 'Properties',
  externalDocs: 'ExternalDocs',
  example: 'Example',
  'x-kubernetes-preserve-unknown-fields': 'XPreserveUnknownFields',
  'x-kubernetes-validations': 'XValidations',
};

/** With a status subresource, nothing may be said at the root that would be lost when status is judged by itself. */
function rootProblems(schema: SchemaProps, at: string): StatusCause[] {
  const { type } = schema;
  if (type !== undefined && (type as string) !== '' && type !== 'object')
    return [
      invalidValue(
        `${at}.type`,
        type,
        'only "object" is allowed as the type at the root of the schema if the status subresource is enabled',
      ),
    ];
  // Zero values count as not set, but additionalProperties is a pointer in Go.
  const set = Object.entries(schema).filter(
    ([name, value]) => name === 'additionalProperties' || (value !== false && value !== ''),
  );
  if (set.every(([name]) => Object.hasOwn(ALLOWED_AT_ROOT, name))) return [];
  const allowed = Object.values(ALLOWED_AT_ROOT).join(' ');
  const text = `only [${allowed}] fields are allowed at the root of the schema if the status subresource is enabled`;
  return [invalidValue(at, schema, text)];
}
