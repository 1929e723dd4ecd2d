import type { StatusCause } from '../../machinery/status-error.ts';
import { deepEqual } from '../../machinery/json/deep-equal.ts';
import { compileEmbeddedResources } from '../embedded-resource.ts';
import { invalidValue } from '../../structural-schema/field-error.ts';
import { createFindings } from '../findings.ts';
import { compilePruner, keepAll } from '../prune.ts';
import type { StructuralSchema } from '../../structural-schema/structural-schema.ts';
import { compileValidator } from '../validate.ts';

/**
 * Every default must be valid, and pruning must leave it as it is (schema/defaulting/validation.go). Those within
 * additionalProperties are not looked at.
 */
export function defaultProblems(schema: StructuralSchema, at: string): StatusCause[] {
  const { properties = {}, items } = schema;
  return [
    ...(schema.default === undefined ? [] : ownProblems(schema, `${at}.default`)),
    ...(items === undefined ? [] : defaultProblems(items, `${at}.items`)),
    ...Object.entries(properties).flatMap(([name, child]) =>
      defaultProblems(child, `${at}.properties[${name}]`),
    ),
  ];
}

function ownProblems(schema: StructuralSchema, at: string): StatusCause[] {
  const { default: value } = schema;
  const pruned = compilePruner(schema, { metadata: keepAll })(value, []);
  const unknown = deepEqual(pruned, value) ? [] : [invalidValue(at, value, 'must not have unknown fields')];
  const findings = createFindings([at]);
  compileEmbeddedResources(schema)?.(value, findings);
  if (findings.causes.length > 0) return [...unknown, ...findings.causes];
  for (const { reason, message, field } of compileValidator(typesAlone(schema))(value))
    unknown.push({ reason, message, field: withinDefault(field, at) });
  return unknown;
}

const withinDefault = (field: string | undefined, at: string): string =>
  field === undefined || field === '<nil>' ? at : `${at}.${field}`;

/** kube-apiserver holds a default to `type`, and not to the two types of int-or-string (schema/kubeopenapi.go). */
function typesAlone(schema: StructuralSchema): StructuralSchema {
  const {
    'x-kubernetes-int-or-string': _intOrString,
    properties,
    items,
    additionalProperties,
    ...rest
  } = schema;
  const fields = Object.entries(properties ?? {}).map(([name, child]) => [name, typesAlone(child)]);
  return {
    ...rest,
    ...(properties === undefined
      ? {}
      : { properties: Object.fromEntries(fields) as Record<string, StructuralSchema> }),
    ...(items === undefined ? {} : { items: typesAlone(items) }),
    ...(additionalProperties === undefined
      ? {}
      : {
          additionalProperties:
            typeof additionalProperties === 'object'
              ? typesAlone(additionalProperties)
              : additionalProperties,
        }),
  };
}
