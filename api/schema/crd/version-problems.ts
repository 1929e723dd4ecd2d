import { abridged } from '../../machinery/status-error.ts';
import type { StatusCause } from '../../machinery/status-error.ts';
import { duplicateValue, invalidValue, requiredValue, tooMany } from '../../structural-schema/field-error.ts';
import { goJson } from '../../machinery/go-text.ts';
import type { DefinitionVersion, PerVersion } from './definition.ts';
import { findField } from './field-by-path.ts';

/** The parts of a version beside its schema (apiextensions validation.go). */

const MAX_WARNING = 256;

export function deprecationProblems(version: DefinitionVersion, at: string): StatusCause[] {
  const { deprecated, deprecationWarning: text } = version;
  const field = `${at}.deprecationWarning`;
  if (text === undefined) return [];
  if (deprecated !== true) return [invalidText(field, text, 'can only be set for deprecated versions')];
  const problems: string[] = [];
  if (Buffer.byteLength(text) > MAX_WARNING) problems.push('must be <= 256 characters long');
  if (text === '') problems.push('must not be an empty string');
  const odd = text.search(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u);
  if (odd >= 0) {
    const index = Buffer.byteLength(text.slice(0, odd));
    problems.push(
      `must only contain printable UTF-8 characters; non-printable character found at index ${index}`,
    );
  }
  return problems.map((problem) => invalidText(field, text, problem));
}

/** Go prints a text behind a pointer as JSON. */
function invalidText(field: string, text: string, detail: string): StatusCause {
  return {
    reason: 'FieldValueInvalid',
    field,
    message: `Invalid value: ${goJson(abridged(text))}: ${detail}`,
  };
}

export function subresourceProblems(subresources: PerVersion['subresources'], at: string): StatusCause[] {
  const scale = subresources?.scale;
  if (scale === undefined) return [];
  const { specReplicasPath, statusReplicasPath, labelSelectorPath = '' } = scale;
  return [
    ...replicasProblems(specReplicasPath, '.spec', `${at}.scale.specReplicasPath`),
    ...replicasProblems(statusReplicasPath, '.status', `${at}.scale.statusReplicasPath`),
    ...(labelSelectorPath === '' ? [] : selectorProblems(labelSelectorPath, `${at}.scale.labelSelectorPath`)),
  ];
}

function replicasProblems(path: string | undefined, under: string, at: string): StatusCause[] {
  if (path === undefined || path === '') return [requiredValue(at)];
  const causes = simplePathProblems(path, at);
  if (causes.length > 0 || path.startsWith(`${under}.`)) return causes;
  return [invalidValue(at, path, `should be a json path under ${under}`)];
}

function selectorProblems(path: string, at: string): StatusCause[] {
  const causes = simplePathProblems(path, at);
  if (causes.length > 0 || path.startsWith('.spec.') || path.startsWith('.status.')) return causes;
  return [invalidValue(at, path, 'should be a json path under either .spec or .status')];
}

function simplePathProblems(path: string, at: string): StatusCause[] {
  return path.startsWith('.') ? [] : [invalidValue(at, path, 'must be a simple json path starting with .')];
}

const COLUMN_TYPES = ['boolean', 'date', 'integer', 'number', 'string'];
const COLUMN_FORMATS = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password'];

export function columnProblems(columns: PerVersion['additionalPrinterColumns'], at: string): StatusCause[] {
  return (columns ?? []).flatMap(({ name = '', type = '', format = '', jsonPath = '' }, index) => {
    const columnAt = `${at}[${index}]`;
    const causes: StatusCause[] = [];
    const types = `must be one of ${COLUMN_TYPES.join()}`;
    if (name === '') causes.push(requiredValue(`${columnAt}.name`));
    if (type === '') causes.push(requiredValue(`${columnAt}.type`, types));
    else if (!COLUMN_TYPES.includes(type)) causes.push(invalidValue(`${columnAt}.type`, type, types));
    if (format !== '' && !COLUMN_FORMATS.includes(format))
      causes.push(invalidValue(`${columnAt}.format`, format, `must be one of ${COLUMN_FORMATS.join()}`));
    if (jsonPath === '') causes.push(requiredValue(`${columnAt}.JSONPath`));
    else causes.push(...simplePathProblems(jsonPath, `${columnAt}.JSONPath`));
    return causes;
  });
}

const MAX_SELECTABLE_FIELDS = 8;
const SELECTABLE_TYPES = new Set<string | undefined>(['boolean', 'integer', 'string']);

export function selectableProblems(version: PerVersion, at: string, noSchema: string): StatusCause[] {
  const fields = version.selectableFields ?? [];
  const schema = version.schema?.openAPIV3Schema;
  if (fields.length === 0) return [];
  if (schema === undefined) return [invalidValue(at, '', noSchema)];
  const unique = new Set<string>();
  const causes = fields.flatMap(({ jsonPath = '' }, index) => {
    const fieldAt = `${at}[${index}].jsonPath`;
    if (jsonPath === '') return [requiredValue(fieldAt)];
    const found = findField(jsonPath, schema, { brackets: false });
    if (typeof found === 'string') return [invalidValue(fieldAt, jsonPath, `is an invalid path: ${found}`)];
    const own: StatusCause[] = [];
    if (found.steps[0] === 'metadata')
      own.push(invalidValue(fieldAt, jsonPath, 'must not point to fields in metadata'));
    if (!SELECTABLE_TYPES.has(found.schema.type))
      own.push(
        invalidValue(
          fieldAt,
          jsonPath,
          'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.',
        ),
      );
    if (unique.has(jsonPath)) own.push(duplicateValue(fieldAt, jsonPath));
    unique.add(jsonPath);
    return own;
  });
  if (unique.size > MAX_SELECTABLE_FIELDS) causes.push(tooMany(at, unique.size, MAX_SELECTABLE_FIELDS));
  return causes;
}
