import {
  duplicateValue,
  forbidden,
  invalidValue,
  requiredValue,
} from '../../structural-schema/field-error.ts';
import type { StatusCause } from '../../machinery/status-error.ts';
import type { StructuralSchema, ValidationRule } from '../../structural-schema/structural-schema.ts';

/** What a failed rule says about its place. */

/** The rule in messages about it: what its author says of it, if anything. */
export function ruleText({ rule, message }: ValidationRule): string {
  return (message ?? '') === '' ? rule.trim() : (message ?? '').trim();
}

export function defaultMessage(rule: ValidationRule): string {
  return (rule.message ?? '') === '' ? `failed rule: ${ruleText(rule)}` : ruleText(rule);
}

/** A rule that could not be judged: the value shown is the type, whatever the value is. */
export function unjudged(field: string, schema: StructuralSchema, detail: string): StatusCause {
  return invalidValue(field, schema.type ?? '', detail);
}

export function violation(
  field: string,
  { value, schema, rule }: { value: unknown; schema: StructuralSchema; rule: ValidationRule },
  detail: string,
): StatusCause {
  const isLarge = schema.type === 'object' || schema.type === 'array';
  switch (rule.reason) {
    case 'FieldValueForbidden':
      return forbidden(field, detail);
    case 'FieldValueRequired':
      return requiredValue(field, detail);
    case 'FieldValueDuplicate':
      if (isLarge) return { reason: 'FieldValueDuplicate', field, message: 'Duplicate value' };
      return duplicateValue(field, value);
    default:
      if (isLarge) return { reason: 'FieldValueInvalid', field, message: `Invalid value: ${detail}` };
      return invalidValue(field, value, detail);
  }
}
