import type { StatusCause } from '../../machinery/status-error.ts';
import { forbidden, invalidValue, tooLong } from '../../schema/field-error.ts';
import { type Admission, fieldsOf, immutableFields } from './rules.ts';

/** core/v1 MaxSecretSize. */
const MAX_BYTES = 1024 * 1024;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const KEY = /^[-._a-zA-Z0-9]+$/;

export const secretAdmission: Admission = {
  complete(secret) {
    const { stringData, ...rest } = secret;
    const data: Record<string, unknown> = { ...fieldsOf(secret['data']) };
    for (const [key, value] of Object.entries(fieldsOf(stringData))) {
      data[key] = typeof value === 'string' ? Buffer.from(value).toString('base64') : value;
    }
    const type = secret['type'] === undefined || secret['type'] === '' ? 'Opaque' : secret['type'];
    return { ...rest, ...(Object.keys(data).length > 0 ? { data } : {}), type };
  },
  judge: (secret, previous) => [
    ...judgeData(fieldsOf(secret['data'])),
    ...(previous === undefined ? [] : judgeChange(previous, secret)),
  ],
};

/** Never shows a value: it is a secret, encoded or not. */
function judgeData(data: Record<string, unknown>): StatusCause[] {
  const causes: StatusCause[] = [];
  let bytes = 0;
  for (const [key, value] of Object.entries(data)) {
    if (!KEY.test(key) || key.length > 253) {
      causes.push(
        invalidValue(
          'data',
          key,
          "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
        ),
      );
    }
    const text = typeof value === 'string' ? value : '';
    bytes += (text.length * 3) / 4;
    if (typeof value === 'string' && !BASE64.test(value)) {
      causes.push({
        reason: 'FieldValueInvalid',
        field: `data.${key}`,
        message: 'Invalid value: must be base64',
      });
    }
  }
  return bytes > MAX_BYTES ? [...causes, tooLong('data', MAX_BYTES)] : causes;
}

function judgeChange(
  previous: Readonly<Record<string, unknown>>,
  secret: Readonly<Record<string, unknown>>,
): StatusCause[] {
  const causes = immutableFields({
    at: '',
    names: ['type'],
    before: previous,
    after: secret,
    why: 'field is immutable',
  });
  if (previous['immutable'] !== true) return causes;
  const frozen = 'field is immutable when `immutable` is set';
  if (secret['immutable'] !== true) causes.push({ ...forbidden('immutable', frozen), field: 'immutable' });
  const changed = immutableFields({ at: '', names: ['data'], before: previous, after: secret, why: frozen });
  return changed.length === 0 ? causes : [...causes, { ...forbidden('data', frozen), field: 'data' }];
}
