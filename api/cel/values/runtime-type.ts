import { Address, Network } from './ip-address.ts';
import { UnsignedInteger } from '../language/expression.ts';
import type { CelType } from '../language/cel-type.ts';
import { NamedFormat } from './named-formats.ts';
import { Quantity } from '../../machinery/quantity.ts';
import { Semver } from './semver.ts';
import { CelList, Duration, OptionalValue, Timestamp, TypeValue, UrlValue, isMap } from './value.ts';
import type { Value } from './value.ts';

/** The name of the type of a value, as `type(x)` gives it. */
export function typeName(value: Value): string {
  if (value === null) return 'null_type';
  switch (typeof value) {
    case 'boolean':
      return 'bool';
    case 'bigint':
      return 'int';
    case 'number':
      return 'double';
    case 'string':
      return 'string';
    default:
      return isMap(value) ? 'map' : classTypeName(value);
  }
}

const CLASSES: readonly (readonly [new (...args: never[]) => unknown, string])[] = [
  [CelList, 'list'],
  [UnsignedInteger, 'uint'],
  [Uint8Array, 'bytes'],
  [Timestamp, 'google.protobuf.Timestamp'],
  [Duration, 'google.protobuf.Duration'],
  [TypeValue, 'type'],
  [OptionalValue, 'optional_type'],
  [Address, 'net.IP'],
  [Network, 'net.CIDR'],
  [Quantity, 'kubernetes.Quantity'],
  [Semver, 'kubernetes.Semver'],
  [UrlValue, 'kubernetes.URL'],
  [NamedFormat, 'kubernetes.NamedFormat'],
];

function classTypeName(value: object): string {
  return CLASSES.find(([type]) => value instanceof type)?.[1] ?? 'dyn';
}

/** Whether a value may be given for a parameter: only its outermost type is looked at, as cel-go does. */
export function fits(value: Value, type: CelType): boolean {
  if (type.kind === 'dyn' || type.kind === 'param') return true;
  if (isMap(value)) return type.kind === 'map' || type.kind === 'object';
  const name = typeName(value);
  return type.kind === 'null' ? value === null : name === type.name;
}
