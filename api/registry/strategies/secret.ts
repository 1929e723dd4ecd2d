import type { Unstructured } from '../../machinery/meta.ts';
import type { StatusCause } from '../../machinery/status-error.ts';
import { invalidValue, requiredValue, tooLong } from '../../structural-schema/field-error.ts';
import { configKeyProblems, decodedLength, frozenProblems, MAX_DATA_BYTES } from './config-keys.ts';
import { fieldsOf } from '../../machinery/json/json.ts';
import { immutableFields } from './strategy.ts';
import type { JsonObject } from '../../machinery/json/json.ts';
import type { Strategy } from './strategy.ts';

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** core/v1 conversion and defaults, core/validation ValidateSecret and ValidateSecretUpdate. */
export const secretStrategy: Strategy = {
  applyDefaults(secret) {
    const { stringData, ...rest } = secret;
    const type = secret['type'] === undefined || secret['type'] === '' ? 'Opaque' : secret['type'];
    if (stringData === undefined) return { ...rest, type };
    const texts = Object.entries(fieldsOf(stringData)).map(
      ([key, value]) =>
        [key, typeof value === 'string' ? Buffer.from(value).toString('base64') : value] as const,
    );
    const data = Object.fromEntries([...Object.entries(fieldsOf(secret['data'])), ...texts]);
    return { ...rest, ...(Object.keys(data).length > 0 ? { data } : {}), type };
  },
  validate: (secret, previous) => [
    ...(previous === undefined ? [] : changeProblems(previous, secret)),
    ...dataProblems(fieldsOf(secret['data'])),
    ...typeProblems(secret, fieldsOf(secret['data'])),
  ],
};

/** Never shows a value: it is a secret, encoded or not. */
function dataProblems(data: JsonObject): StatusCause[] {
  const causes: StatusCause[] = [];
  let bytes = 0;
  for (const [key, value] of Object.entries(data)) {
    causes.push(...configKeyProblems('data', key));
    if (typeof value !== 'string') continue;
    bytes += decodedLength(value);
    if (!BASE64.test(value)) {
      const field = `data[${key}]`;
      causes.push({ reason: 'FieldValueInvalid', field, message: 'Invalid value: must be base64' });
    }
  }
  return bytes > MAX_DATA_BYTES ? [...causes, tooLong('data', MAX_DATA_BYTES)] : causes;
}

function changeProblems(previous: JsonObject, secret: JsonObject): StatusCause[] {
  const why = 'field is immutable';
  return [
    ...immutableFields({ at: '', names: ['type'], before: previous, after: secret, why }),
    ...frozenProblems(['data'], previous, secret),
  ];
}

const ACCOUNT = 'kubernetes.io/service-account.name';

/** What the types that Kubernetes knows must have. */
function typeProblems(secret: Unstructured, data: JsonObject): StatusCause[] {
  const missing = (...keys: string[]): StatusCause[] =>
    keys.filter((key) => !Object.hasOwn(data, key)).map((key) => requiredValue(`data[${key}]`));
  switch (secret['type']) {
    case 'kubernetes.io/service-account-token':
      return (secret.metadata.annotations?.[ACCOUNT] ?? '') === ''
        ? [requiredValue(`metadata.annotations[${ACCOUNT}]`)]
        : [];
    case 'kubernetes.io/dockercfg':
      return jsonProblems(data, '.dockercfg');
    case 'kubernetes.io/dockerconfigjson':
      return jsonProblems(data, '.dockerconfigjson');
    case 'kubernetes.io/basic-auth':
      return Object.hasOwn(data, 'username') ? [] : basicAuthProblems(missing('username', 'password'));
    case 'kubernetes.io/ssh-auth':
      return data['ssh-privatekey'] === ''
        ? [requiredValue('data[ssh-privatekey]')]
        : missing('ssh-privatekey');
    case 'kubernetes.io/tls':
      return missing('tls.crt', 'tls.key');
    default:
      return [];
  }
}

/** One of the two is enough. */
const basicAuthProblems = (missing: StatusCause[]): StatusCause[] => (missing.length === 2 ? missing : []);

function jsonProblems(data: JsonObject, key: string): StatusCause[] {
  const field = `data[${key}]`;
  if (!Object.hasOwn(data, key)) return [requiredValue(field)];
  if (isJsonObjectText(data[key])) return [];
  return [invalidValue(field, '<secret contents redacted>', 'must be a JSON object')];
}

function isJsonObjectText(base64: unknown): boolean {
  if (typeof base64 !== 'string') return true; // the schema says what is wrong
  try {
    const value: unknown = JSON.parse(Buffer.from(base64, 'base64').toString());
    return value === null || (typeof value === 'object' && !Array.isArray(value));
  } catch {
    return false;
  }
}
