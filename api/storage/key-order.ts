import { compareBytes } from '../machinery/byte-order.ts';
import type { StorageKey } from './contract.ts';

/** Namespace first, then name. */
export function compareKeys(a: StorageKey, b: StorageKey): number {
  return a.namespace === b.namespace ? compareBytes(a.name, b.name) : compareBytes(a.namespace, b.namespace);
}

/** A key of one resource as a map key. NUL occurs in neither part: names are path segments. */
export function mapKey(key: { namespace: string; name: string }): string {
  return `${key.namespace}\0${key.name}`;
}
