import type { StructuralSchema } from '../../structural-schema/structural-schema.ts';
import { namedFrom } from '../language/cel-type.ts';
import { compileRule } from './compile-rule.ts';
import type { CompiledRule } from './compile-rule.ts';
import { declaredType } from '../checking/declared-type.ts';
import type { DeclaredType } from '../checking/declared-type.ts';
import { escapeName } from '../values/field-name.ts';
import { rulePath } from './rule-path.ts';
import { converterOf } from './schema-value.ts';
import type { Convert } from '../values/value.ts';

/** The nodes of a schema that have rules, or lead to some. */
export interface RuleNode {
  readonly schema: StructuralSchema;
  readonly rules: readonly NodeRule[];
  /** Set when the node has rules, but no type that rules know. */
  readonly error: string | undefined;
  readonly convert: Convert;
  readonly properties: ReadonlyMap<string, RuleNode>;
  readonly values: RuleNode | undefined;
  readonly items: RuleNode | undefined;
}

export interface NodeRule extends CompiledRule {
  /** Relative to the node, as shown. */
  readonly path: string | undefined;
}

/** `isResource`: the root has apiVersion, kind and metadata. */
export function buildRuleTree(schema: StructuralSchema, isResource: boolean): RuleNode | undefined {
  return buildNode(schema, declaredType(schema, isResource), isResource);
}

const isEmbedded = (schema: StructuralSchema): boolean => schema['x-kubernetes-embedded-resource'] === true;

function buildNode(
  schema: StructuralSchema,
  declared: DeclaredType | undefined,
  isResource: boolean,
): RuleNode | undefined {
  const own = schema['x-kubernetes-validations'] ?? [];
  const { additionalProperties, items } = schema;
  const node: RuleNode = {
    schema,
    rules: declared === undefined ? [] : compileRules(schema, declared),
    error:
      declared === undefined && own.length > 0
        ? 'failed to convert to declType for CEL validation rules'
        : undefined,
    convert: own.length === 0 ? () => null : converterOf({ ...schema, nullable: true }, isResource),
    properties: buildProperties(schema, declared),
    values:
      typeof additionalProperties === 'object'
        ? buildNode(additionalProperties, declared?.item, isEmbedded(additionalProperties))
        : undefined,
    items: items === undefined ? undefined : buildNode(items, declared?.item, isEmbedded(items)),
  };
  const isUsed =
    own.length > 0 || node.properties.size > 0 || node.values !== undefined || node.items !== undefined;
  return isUsed ? node : undefined;
}

function buildProperties(
  { properties = {} }: StructuralSchema,
  declared: DeclaredType | undefined,
): Map<string, RuleNode> {
  const nodes = new Map<string, RuleNode>();
  if (declared === undefined) return nodes;
  for (const [property, child] of Object.entries(properties)) {
    const name = escapeName(property);
    // What CEL cannot name may still have rules of its own.
    const type = name === undefined ? declaredType(child, isEmbedded(child)) : declared.fields?.get(name);
    if (type === undefined) continue;
    const node = buildNode(child, type, isEmbedded(child));
    if (node !== undefined) nodes.set(property, node);
  }
  return nodes;
}

function compileRules(schema: StructuralSchema, declared: DeclaredType): NodeRule[] {
  const compiled: NodeRule[] = [];
  if (schema['x-kubernetes-validations'] === undefined) return compiled;
  const self = namedFrom(declared.type, 'selfType');
  for (const rule of schema['x-kubernetes-validations'] ?? []) {
    const one = compileRule(rule, self);
    if (one === undefined) continue;
    const path =
      rule.fieldPath === undefined || rule.fieldPath === '' ? undefined : rulePath(rule.fieldPath, schema);
    compiled.push({ ...one, path });
  }
  return compiled;
}
