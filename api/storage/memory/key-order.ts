import { compareBytes } from '../../machinery/byte-order.ts';
import type { StorageKey } from '../contract/objects.ts';

/** Where an object of one resource is. */
export type Place = Pick<StorageKey, 'name' | 'namespace'>;

/** Namespace first, then name. */
export function compareKeys(a: Place, b: Place): number {
  return a.namespace === b.namespace ? compareBytes(a.name, b.name) : compareBytes(a.namespace, b.namespace);
}

/** A key of one resource as a map key. NUL occurs in neither part: names are path segments. */
export function mapKey(key: Place): string {
  return `${key.namespace}\0${key.name}`;
}
