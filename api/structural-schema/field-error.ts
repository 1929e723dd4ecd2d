import { abridged } from '../machinery/status-error.ts';
import type { StatusCause } from '../machinery/status-error.ts';
import type { SelectorProblem } from '../machinery/selectors/label-selector-object.ts';
import { goJson, goNumber, goQuote } from '../machinery/go-text.ts';

/**
 * Findings about fields in the words of kube-apiserver (apimachinery pkg/util/validation/field), which people
 * and tools know. `field` is a path such as `spec.members[0].role`.
 */

export function invalidValue(field: string, value: unknown, detail: string): StatusCause {
  return { reason: 'FieldValueInvalid', field, message: `Invalid value: ${printed(value)}: ${detail}` };
}

/** A value of the wrong type, of which only the type is shown, or a text that is not of the format. */
export function invalidType(field: string, expected: string, actual: string): StatusCause {
  const shown = printed(actual);
  const detail = `${field} in body must be of type ${expected}: ${shown}`;
  return { reason: 'FieldValueTypeInvalid', field, message: `Invalid value: ${shown}: ${detail}` };
}

export function requiredValue(field: string, detail = ''): StatusCause {
  return { reason: 'FieldValueRequired', field, message: withDetail('Required value', detail) };
}

export function duplicateValue(field: string, value: unknown): StatusCause {
  return { reason: 'FieldValueDuplicate', field, message: `Duplicate value: ${printed(value)}` };
}

export function unsupportedValue(field: string, value: unknown, supported: readonly unknown[]): StatusCause {
  const values = supported.map((one) => goQuote(typeof one === 'string' ? one : goJson(one)));
  return {
    reason: 'FieldValueNotSupported',
    field,
    message: `Unsupported value: ${printed(value)}: supported values: ${values.join(', ')}`,
  };
}

export function forbidden(field: string, detail: string): StatusCause {
  return { reason: 'FieldValueForbidden', field, message: withDetail('Forbidden', detail) };
}

/** Leaves the value out: it is long. kube-apiserver says bytes, whatever was counted. */
export function tooLong(field: string, max: number): StatusCause {
  const unit = max === 1 ? 'byte' : 'bytes';
  return { reason: 'FieldValueTooLong', field, message: `Too long: may not be more than ${max} ${unit}` };
}

export function tooMany(field: string, actual: number, max: number): StatusCause {
  const unit = max === 1 ? 'item' : 'items';
  return {
    reason: 'FieldValueTooMany',
    field,
    message: `Too many: ${actual}: must have at most ${max} ${unit}`,
  };
}

/** A condition that no object could be judged by, of the selector at the path `at`. */
export function selectorFinding(at: string, { field, type, value, detail }: SelectorProblem): StatusCause {
  const where = `${at}.${field}`;
  if (type === 'required') return requiredValue(where, detail);
  return type === 'forbidden' ? forbidden(where, detail) : invalidValue(where, value, detail);
}

const withDetail = (text: string, detail: string): string => (detail === '' ? text : `${text}: ${detail}`);

/** A value as Go prints it into messages. */
function printed(value: unknown): string {
  return typeof value === 'string' ? goQuote(abridged(value)) : abridged(bodyText(value));
}

/** field.Error ErrorBody: %v of numbers and booleans, encoding/json of the rest. */
function bodyText(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'bigint') return goNumber(value);
  return goJson(value);
}
