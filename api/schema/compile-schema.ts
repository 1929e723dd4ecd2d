import type { Unstructured } from '#api/machinery/meta';
import type { StatusCause } from '#api/machinery/status-error';
import { compileDefaults } from './defaults.ts';
import { compilePruner } from './prune.ts';
import type { StructuralSchema } from './structural-schema.ts';
import { compileValidator } from './validate.ts';

/** A schema turned into functions. None of them changes its argument; what stays as it was is not copied. */
export interface CompiledSchema {
  /** Leaves out the fields the schema does not know; names them, sorted, for fieldValidation Strict and Warn. */
  prune(object: Unstructured): PruneResult;
  /** Fills in defaults and leaves out nulls where null is not allowed. */
  applyDefaults(object: Unstructured): Unstructured;
  /** Everything wrong with the object outside metadata, as kube-apiserver words it; empty when it is valid. */
  validate(object: Unstructured): StatusCause[];
}

export interface PruneResult {
  object: Unstructured;
  /** Such as `spec.members[0].rol`. */
  unknownFields: string[];
}

/**
 * Compiles the schema of a whole object. metadata is not this schema's business (object-meta.ts is its place),
 * and apiVersion and kind are known before an object gets here.
 *
 * @throws Error when a pattern is not RE2 syntax or a format of the schema is malformed
 */
export function compileSchema(schema: StructuralSchema): CompiledSchema {
  const root = withTypeMeta(schema);
  const prune = compilePruner(root);
  const applyDefaults = compileDefaults(root);
  const validate = compileValidator(root);
  return {
    prune(object) {
      const unknownFields: string[] = [];
      const pruned = prune(object, unknownFields);
      return { object: pruned as Unstructured, unknownFields: unknownFields.sort() };
    },
    applyDefaults: (object) => applyDefaults(object) as Unstructured,
    validate: (object) => validate(object),
  };
}

/** The root as the three passes see it: apiVersion and kind are strings, metadata is left alone. */
function withTypeMeta(schema: StructuralSchema): StructuralSchema {
  return {
    ...schema,
    properties: {
      ...schema.properties,
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    },
  };
}
