import type { Unstructured } from '../../machinery/meta.ts';
import { abridged } from '../../machinery/status-error.ts';
import { effectiveFormat } from '../../structural-schema/formats.ts';
import type { StructuralSchema } from '../../structural-schema/structural-schema.ts';
import { definitionOf } from './definition.ts';
import { someSchema } from './schema-props.ts';
import type { SchemaProps } from './schema-props.ts';

/**
 * Hints about a definition (apiextensions-apiserver registry/customresourcedefinition/strategy.go WarningsOnCreate);
 * those that the stored definition has, too, are not told again.
 */
export function definitionWarnings(crd: Unstructured, previous: Unstructured | undefined): string[] {
  const known = previous === undefined ? new Set() : new Set(hints(previous));
  return hints(crd).filter((hint) => !known.has(hint));
}

function hints(crd: Unstructured): string[] {
  const found = new Set<string>();
  for (const { schema } of definitionOf(crd).spec.versions ?? [])
    if (schema?.openAPIV3Schema !== undefined)
      someSchema(schema.openAPIV3Schema, (one) => {
        if (isUnrecognized(one)) found.add(`unrecognized format "${abridged(one.format ?? '')}"`);
        return false;
      });
  return [...found].sort();
}

const FORMATTED = new Set<string | undefined>([undefined, 'integer', 'number', 'string']);

function isUnrecognized(schema: SchemaProps): boolean {
  const { type, format = '' } = schema;
  return format !== '' && FORMATTED.has(type) && effectiveFormat(schema as StructuralSchema) === undefined;
}
