import { itemKey } from './equality.ts';
import { CelList } from './value.ts';
import type { Value } from './value.ts';

/** Sets and maps keep the places of the first and take over what the second has of the same identity. */
export function addLists(a: CelList, b: CelList): CelList {
  if (a.semantics === undefined) return new CelList([...a, ...b]);
  const merged = new Map<string, Value>();
  for (const part of [a, b])
    for (const item of part) {
      const key = itemKey(a, item);
      if (a.semantics.type === 'set' && merged.has(key)) continue;
      merged.set(key, item);
    }
  return new CelList([...merged.values()], undefined, a.semantics);
}
