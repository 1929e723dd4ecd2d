import type { StatusCause } from '#api/machinery/status-error';
import type { StructuralSchema } from '../structural-schema.ts';
import { OBJECT_BUDGET } from './compile-rules.ts';
import { FieldLocation } from './field-location.ts';
import { buildRuleTree } from './rule-tree.ts';
import { NOTHING, RuleRun } from './run-rules.ts';

/** The rules about the defaults of one schema. */
export class DefaultRules {
  private readonly run = new RuleRun(OBJECT_BUDGET);

  get causes(): StatusCause[] {
    return this.run.causes;
  }

  judge(schema: StructuralSchema, path: string): void {
    const node = buildRuleTree(schema, schema['x-kubernetes-embedded-resource'] === true);
    if (node === undefined || this.run.isOver) return;
    const place = { node, value: schema.default, at: FieldLocation.at(path), ratchet: NOTHING };
    const before = this.causes.length;
    this.run.visit({ ...place, old: schema.default });
    // What optionalOldSelf says of something new.
    if (this.causes.length === before && !this.run.isOver) this.run.visit({ ...place, old: undefined });
  }
}
