import type { StatusCause } from '../../machinery/status-error.ts';
import { invalidValue, requiredValue, unsupportedValue } from '../../structural-schema/field-error.ts';
import type { ValidationRule } from '../../structural-schema/structural-schema.ts';
import { findField } from './field-by-path.ts';
import type { SchemaProps } from './schema-props.ts';

const REASONS = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired'];
const LINE_BREAK = /[\n\r]/;

/** The fields of x-kubernetes-validations; what the expressions say is api/schema/cel's business. */
export function ruleProblems(schema: SchemaProps, at: string): StatusCause[] {
  const causes: StatusCause[] = [];
  for (const [index, rule] of (schema['x-kubernetes-validations'] ?? []).entries()) {
    const ruleAt = `${at}.x-kubernetes-validations[${index}]`;
    causes.push(...textProblems(rule, ruleAt), ...fieldPathProblems(rule, schema, ruleAt));
  }
  return causes;
}

function textProblems(rule: ValidationRule, at: string): StatusCause[] {
  const { message = '', messageExpression = '', reason } = rule;
  const causes: StatusCause[] = [];
  if (rule.rule.trim() === '') causes.push(requiredValue(`${at}.rule`, 'rule is not specified'));
  else if (message !== '' && message.trim() === '')
    causes.push(invalidValue(`${at}.message`, message, 'must be non-empty if specified'));
  else if (LINE_BREAK.test(message.trim()))
    causes.push(invalidValue(`${at}.message`, message, 'must not contain line breaks'));
  else if (LINE_BREAK.test(rule.rule.trim()) && message.trim() === '')
    causes.push(requiredValue(`${at}.message`, 'message must be specified if rule contains line breaks'));
  if (messageExpression !== '' && messageExpression.trim() === '')
    causes.push(requiredValue(`${at}.messageExpression`, 'messageExpression must be non-empty if specified'));
  if (reason !== undefined && !REASONS.includes(reason))
    causes.push(unsupportedValue(`${at}.reason`, reason, REASONS));
  return causes;
}

function fieldPathProblems(rule: ValidationRule, schema: SchemaProps, at: string): StatusCause[] {
  const { fieldPath = '' } = rule;
  const fieldAt = `${at}.fieldPath`;
  const causes: StatusCause[] = [];
  if (fieldPath === '') return causes;
  if (fieldPath.trim() === '')
    causes.push(invalidValue(fieldAt, fieldPath, 'must be non-empty if specified'));
  if (LINE_BREAK.test(fieldPath))
    causes.push(invalidValue(fieldAt, fieldPath, 'must not contain line breaks'));
  if (typeof findField(fieldPath, schema) === 'string')
    causes.push(invalidValue(fieldAt, fieldPath, 'must be a valid path'));
  return causes;
}
