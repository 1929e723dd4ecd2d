import type { ValidationRule } from '../../structural-schema/structural-schema.ts';
import { compileSource } from '../compiling/compile-source.ts';
import type { CompiledExpression } from '../compiling/compile-source.ts';
import { optionalOf } from '../language/cel-type.ts';
import type { CelType } from '../language/cel-type.ts';

/** A rule of a schema node, ready to run (apiextensions-apiserver schema/cel/compilation.go). */
export interface CompiledRule {
  readonly rule: ValidationRule;
  /** Undefined when the rule does not compile. */
  readonly condition?: CompiledExpression;
  readonly error?: string;
  readonly message?: CompiledExpression;
  readonly messageError?: string;
}

export function compileRule(rule: ValidationRule, self: CelType): CompiledRule | undefined {
  if (rule.rule.trim() === '') return undefined;
  const condition = compileSource(rule.rule, variablesOf(rule, self));
  if (typeof condition === 'string') return { rule, error: condition };
  if (condition.checked.type.kind !== 'bool')
    return { rule, error: 'cel expression must evaluate to a bool' };
  if (rule.messageExpression === undefined || rule.messageExpression === '') return { rule, condition };
  const message = compileSource(rule.messageExpression, variablesOf(rule, self));
  if (typeof message === 'string') return { rule, condition, messageError: `messageExpression ${message}` };
  if (message.checked.type.kind !== 'string')
    return { rule, condition, messageError: 'messageExpression must evaluate to a string' };
  return { rule, condition, message };
}

function variablesOf(rule: ValidationRule, self: CelType): Map<string, CelType> {
  const oldSelf = rule.optionalOldSelf === true ? optionalOf(self) : self;
  return new Map([
    ['self', self],
    ['oldSelf', oldSelf],
  ]);
}
