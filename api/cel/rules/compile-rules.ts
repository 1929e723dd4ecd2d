import type { Unstructured } from '../../machinery/meta.ts';
import type { StatusCause } from '../../machinery/status-error.ts';
import type { StructuralSchema } from '../../structural-schema/structural-schema.ts';
import { RuleAdmission } from './rule-admission.ts';
import { Correlation } from './correlation.ts';
import { declaredType } from '../checking/declared-type.ts';
import { FieldLocation } from './field-location.ts';
import { buildRuleTree } from './rule-tree.ts';
import { NOTHING, RuleRun } from './run-rules.ts';

/** The CEL rules of a whole object. */
export interface CelRules {
  /**
   * What the rules find in `object`; `previous` is the stored object of an update. The schema must hold already:
   * rules are not run on objects that do not fit it.
   */
  validate(objects: { object: Unstructured; previous?: Unstructured | undefined }): StatusCause[];
}

/** What the rules of one object may cost together: about a second upstream. */
export const OBJECT_BUDGET = 10_000_000;

/** The rules of a schema, or undefined when it has none, so that nothing is paid then. */
export function compileRules(schema: StructuralSchema): CelRules | undefined {
  const root = buildRuleTree(schema, true);
  if (root === undefined) return undefined;
  return {
    validate({ object, previous }) {
      const run = new RuleRun(OBJECT_BUDGET);
      const ratchet =
        previous === undefined
          ? NOTHING
          : { current: new Correlation(object, previous, schema), parent: undefined };
      run.visit({ node: root, value: object, old: previous, at: FieldLocation.root, ratchet });
      return run.causes;
    },
  };
}

/** What is wrong with the rules themselves, for the admission of a CustomResourceDefinition. */
export function checkRules(schema: StructuralSchema, fieldPath: string): StatusCause[] {
  const admission = new RuleAdmission();
  const { schemaCauses, ruleCauses } = admission.check(schema, {
    path: fieldPath,
    declared: declaredType(schema, true),
    cardinality: 1,
    uncorrelatable: undefined,
  });
  return [...schemaCauses, ...ruleCauses, ...admission.totalCauses(fieldPath)];
}
