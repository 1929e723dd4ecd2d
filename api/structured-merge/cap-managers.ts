import { union } from './field-set.ts';
import type { FieldSet } from './field-set.ts';
import { managerId, secondsOf } from './managed-fields.ts';
import type { ManagerEntry, Managers } from './managed-fields.ts';
import { compareBytes } from '../machinery/byte-order.ts';

/** Clients that name themselves anew each time would fill the object (apimachinery capmanagers.go). */
const MAX_UPDATERS = 10;

const BUCKET = 'ancient-changes';

/** At most ten entries of updates: the oldest of one version become one (in place). */
export function capUpdaters(managers: Managers): void {
  const updaters = [...managers].filter(([, { applied }]) => !applied);
  if (updaters.length <= MAX_UPDATERS) return;
  updaters.sort(
    ([leftId, left], [rightId, right]) => secondsOf(left) - secondsOf(right) || compareBytes(leftId, rightId),
  );
  const firstOfVersion = new Map<string, string>();
  const buckets: Buckets = new Map();
  let left = updaters.length;
  for (const [id, entry] of updaters) {
    if (left <= MAX_UPDATERS) break;
    const first = firstOfVersion.get(entry.apiVersion);
    if (first === undefined) {
      firstOfVersion.set(entry.apiVersion, id);
      continue;
    }
    intoBucket({ managers, buckets }, { id, entry, first });
    left -= 1;
  }
  for (const [id, { entry, sets }] of buckets) managers.set(id, { ...entry, set: unionOf(sets) });
}

/** What goes into the entries that older ones become, by their ids. */
type Buckets = Map<string, { entry: ManagerEntry; sets: FieldSet[] }>;

/** Two by two: one after the other into one set would take the square of their number. */
function unionOf(sets: readonly FieldSet[]): FieldSet {
  const [first = [], second] = sets;
  if (second === undefined) return first;
  const middle = Math.ceil(sets.length / 2);
  return union(unionOf(sets.slice(0, middle)), unionOf(sets.slice(middle)));
}

interface Merging {
  id: string;
  entry: ManagerEntry;
  /** The oldest one of that version: it becomes the bucket. */
  first: string;
}

function intoBucket(
  { managers, buckets }: { managers: Managers; buckets: Buckets },
  { id, entry, first }: Merging,
): void {
  const { apiVersion } = entry;
  const identity = { manager: BUCKET, applied: false, apiVersion, subresource: '' };
  const bucketId = managerId(identity);
  const before = managers.get(bucketId) ?? managers.get(first);
  const sets = buckets.get(bucketId)?.sets ?? (before === undefined ? [] : [before.set]);
  if (!managers.has(bucketId)) managers.delete(first);
  managers.delete(id);
  sets.push(entry.set);
  const merged = { ...identity, set: [], time: entry.time, source: undefined };
  buckets.set(bucketId, { entry: merged, sets });
  managers.set(bucketId, merged);
}
