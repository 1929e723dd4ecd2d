import type { StatusCause } from '../../machinery/status-error.ts';
import { invalidValue, tooLong } from '../../structural-schema/field-error.ts';
import { configKeyProblems, decodedLength, frozenProblems, MAX_DATA_BYTES } from './config-keys.ts';
import { fieldsOf } from '../../machinery/json/json.ts';
import type { JsonObject } from '../../machinery/json/json.ts';
import type { Strategy } from './strategy.ts';

/** core/validation ValidateConfigMap and ValidateConfigMapUpdate. */
export const configMapStrategy: Strategy = {
  validate: (configMap, previous) => [
    ...(previous === undefined ? [] : frozenProblems(['data', 'binaryData'], previous, configMap)),
    ...dataProblems(fieldsOf(configMap['data']), fieldsOf(configMap['binaryData'])),
  ],
};

function dataProblems(data: JsonObject, binaryData: JsonObject): StatusCause[] {
  const causes: StatusCause[] = [];
  let bytes = 0;
  for (const [key, value] of Object.entries(data)) {
    causes.push(...configKeyProblems('data', key));
    if (Object.hasOwn(binaryData, key)) {
      causes.push(invalidValue(`data[${key}]`, key, 'duplicate of key present in binaryData'));
    }
    if (typeof value === 'string') bytes += Buffer.byteLength(value);
  }
  for (const [key, value] of Object.entries(binaryData)) {
    causes.push(...configKeyProblems('binaryData', key));
    if (typeof value === 'string') bytes += decodedLength(value);
  }
  // kube-apiserver names no field either: it is the whole object that is too large.
  return bytes > MAX_DATA_BYTES ? [...causes, tooLong('[]', MAX_DATA_BYTES)] : causes;
}
