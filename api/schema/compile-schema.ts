import type { Unstructured } from '../machinery/meta.ts';
import type { StatusCause } from '../machinery/status-error.ts';
import { compileRules } from '../cel/rules/compile-rules.ts';
import { compileDefaults } from './defaults.ts';
import { compileEmbeddedResources } from './embedded-resource.ts';
import { createFindings, distinctCauses } from './findings.ts';
import { compileListTypes } from './list-type.ts';
import type { TreeCheck } from './list-type.ts';
import { compilePruner } from './prune.ts';
import type { StructuralSchema } from '../structural-schema/structural-schema.ts';
import { compileValidator } from './validate.ts';

/** A schema turned into functions. None of them changes its argument; what stays as it was is not copied. */
export interface CompiledSchema {
  /** Leaves out the fields the schema does not know; names them, sorted, for fieldValidation Strict and Warn. */
  prune(object: Unstructured): PruneResult;
  /** Fills in defaults and leaves out nulls where null is not allowed. */
  applyDefaults(object: Unstructured): Unstructured;
  /**
   * Everything wrong with the object outside metadata, as kube-apiserver words it; empty when it is valid.
   * `previous` is the stored object of an update: what was wrong before and did not change is let pass, and rules may
   * compare with it. `found` is what is wrong with its metadata, which may keep rules from being tried.
   */
  validate(object: Unstructured, previous?: Unstructured, found?: readonly StatusCause[]): StatusCause[];
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
  const prune = compilePruner(withTypeMeta(schema));
  const applyDefaults = compileDefaults(schema);
  return {
    prune(object) {
      const unknownFields: string[] = [];
      const pruned = prune(object, unknownFields);
      return { object: pruned as Unstructured, unknownFields: unknownFields.sort() };
    },
    applyDefaults: (object) => applyDefaults(object) as Unstructured,
    validate: compileValidation(schema),
  };
}

/** What a client breaks so badly that rules are not tried any more (customresource/strategy.go hasBlockingErr). */
const BLOCKING = new Set([
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
]);

const NOT_CHECKED: StatusCause = {
  reason: 'FieldValueInvalid',
  field: '<nil>',
  message:
    'Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
};

/** In the order of customresource/strategy.go: the schema, embedded resources, lists, rules. */
function compileValidation(schema: StructuralSchema): CompiledSchema['validate'] {
  const validate = compileValidator(schema);
  const checkEmbedded = compileEmbeddedResources(schema);
  const checkLists = compileListTypes(schema);
  const rules = compileRules(schema);
  return (object, previous, known = []) => {
    // Joined, not pushed: as arguments of one call, many findings exhaust the stack.
    const causes = distinctCauses(validate(object, previous)).concat(
      checkEmbedded === undefined ? [] : found(checkEmbedded, object),
      checkLists === undefined ? [] : changedLists(checkLists, object, previous),
    );
    if (rules === undefined) return causes;
    const blocks = ({ reason }: StatusCause): boolean => BLOCKING.has(reason);
    if (causes.some(blocks) || known.some(blocks)) return [...causes, NOT_CHECKED];
    return [...causes, ...rules.validate({ object, previous })];
  };
}

function found(check: TreeCheck, object: unknown): StatusCause[] {
  const findings = createFindings();
  check(object, findings);
  return findings.causes;
}

/** Lists are not judged when they were wrong before (ratcheting of the whole object). */
function changedLists(check: TreeCheck, object: Unstructured, previous: Unstructured | undefined) {
  const causes = found(check, object);
  if (causes.length === 0 || previous === undefined) return causes;
  return found(check, previous).length > 0 ? [] : causes;
}

/** The root as pruning sees it: apiVersion, kind and metadata are known and left alone. */
function withTypeMeta(schema: StructuralSchema): StructuralSchema {
  return { ...schema, 'x-kubernetes-embedded-resource': true };
}
