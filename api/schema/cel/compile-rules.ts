import type { Unstructured } from '#api/machinery/meta';
import type { StatusCause } from '#api/machinery/status-error';
import type { StructuralSchema } from '../structural-schema.ts';

/** The CEL rules of a whole object. */
export interface CelRules {
  /**
   * What the rules find in `object`; `previous` is the stored object of an update. The schema must hold already:
   * rules are not run on objects that do not fit it.
   */
  validate(objects: { object: Unstructured; previous?: Unstructured | undefined }): StatusCause[];
}

/** The rules of a schema, or undefined when it has none, so that nothing is paid then. */
export function compileRules(schema: StructuralSchema): CelRules | undefined {
  return hasRules(schema) ? { validate: () => [] } : undefined;
}

/** What is wrong with the rules themselves, for the admission of a CustomResourceDefinition. */
export function checkRules(_schema: StructuralSchema, _fieldPath: string): StatusCause[] {
  return [];
}

function hasRules(schema: StructuralSchema): boolean {
  if ((schema['x-kubernetes-validations'] ?? []).length > 0) return true;
  const { additionalProperties } = schema;
  const children = [
    ...Object.values(schema.properties ?? {}),
    ...(typeof additionalProperties === 'object' ? [additionalProperties] : []),
    ...(schema.items === undefined ? [] : [schema.items]),
  ];
  return children.some(hasRules);
}
