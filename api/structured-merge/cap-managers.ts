import { union } from './field-set.ts';
import { managerId, secondsOf } from './managed-fields.ts';
import type { ManagerEntry, Managers } from './managed-fields.ts';
import { compareText } from './value-order.ts';

/** Clients that name themselves anew each time would fill the object (apimachinery capmanagers.go). */
const MAX_UPDATERS = 10;

const BUCKET = 'ancient-changes';

/** At most ten entries of updates: the oldest of one version become one (in place). */
export function capUpdaters(managers: Managers): void {
  const updaters = [...managers].filter(([, { applied }]) => !applied);
  if (updaters.length <= MAX_UPDATERS) return;
  updaters.sort(
    ([leftId, left], [rightId, right]) => secondsOf(left) - secondsOf(right) || compareText(leftId, rightId),
  );
  const firstOfVersion = new Map<string, string>();
  let left = updaters.length;
  for (const [id, entry] of updaters) {
    if (left <= MAX_UPDATERS) return;
    const first = firstOfVersion.get(entry.apiVersion);
    if (first === undefined) {
      firstOfVersion.set(entry.apiVersion, id);
      continue;
    }
    intoBucket(managers, { id, entry, first });
    left -= 1;
  }
}

interface Merging {
  id: string;
  entry: ManagerEntry;
  /** The oldest one of that version: it becomes the bucket. */
  first: string;
}

function intoBucket(managers: Managers, { id, entry, first }: Merging): void {
  const { apiVersion } = entry;
  const identity = { manager: BUCKET, applied: false, apiVersion, subresource: '' };
  const bucketId = managerId(identity);
  const into = managers.get(bucketId) ?? managers.get(first);
  if (!managers.has(bucketId)) managers.delete(first);
  const set = union(entry.set, into?.set ?? []);
  managers.delete(id);
  managers.set(bucketId, { ...identity, set, time: entry.time, source: undefined });
}
