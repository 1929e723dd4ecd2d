import { compare } from './compare.ts';
import type { Comparison } from './compare.ts';
import { ConflictsError } from './conflicts.ts';
import type { Conflict } from './conflicts.ts';
import { fieldSetOf } from './field-set-of.ts';
import { difference, intersection, NO_FIELDS, pathsOf, recursiveDifference, union } from './field-set.ts';
import type { FieldSet } from './field-set.ts';
import type { ManagerEntry, Managers } from './managed-fields.ts';
import { merge } from './merge.ts';
import { pruneDropped } from './prune-dropped.ts';
import { reconcile } from './reconcile.ts';
import { equalValues } from './value-order.ts';
import type { InVersion, VersionedObject } from './versioned-object.ts';

/** Who owns what after a write (structured-merge-diff merge/update.go). */
export interface OwnershipChange {
  live: VersionedObject;
  managers: Managers;
  inVersion: InVersion;
  /** Paths that the write may not change, and so never owns. */
  ignored: FieldSet;
}

/** Ownership after an update to `next`: of the others, and what the update itself added or changed. */
export function afterUpdate(
  change: OwnershipChange,
  next: VersionedObject,
): { managers: Managers; own: FieldSet } {
  const managers = reconciled(change);
  const comparison = settle({ ...change, managers }, next, { force: true });
  return { managers, own: recursiveDifference(union(comparison.modified, comparison.added), change.ignored) };
}

export interface AppliedConfiguration {
  configuration: VersionedObject;
  /** Of the applier. */
  id: string;
  /** The applier as a manager that owns nothing yet. */
  applier: ManagerEntry;
  force: boolean;
}

/**
 * The object after an apply, undefined when that is what it was before, and who owns what.
 * @throws ConflictsError
 */
export function afterApply(
  change: OwnershipChange,
  { configuration, id, applier, force }: AppliedConfiguration,
): { object: VersionedObject | undefined; managers: Managers } {
  const { live, inVersion } = change;
  const managers = reconciled(change);
  const { type } = live.schema;
  const merged = { ...live, object: merge(type, live.object, configuration.object) } as VersionedObject;
  const last = managers.get(id);
  const set = recursiveDifference(fieldSetOf(type, configuration.object), change.ignored);
  managers.set(id, { ...applier, set, time: last?.time, source: last?.source });
  const object =
    last === undefined || last.set.length === 0
      ? merged
      : pruneDropped({ merged, managers, last, inVersion });
  settle({ ...change, managers }, object, { force, except: id });
  return { object: equalValues(live.object, object.object) ? undefined : object, managers };
}

function reconciled({ live, managers, inVersion }: OwnershipChange): Managers {
  const result: Managers = new Map();
  for (const [id, entry] of managers) {
    const versioned = inVersion(live, entry.apiVersion);
    if (versioned === undefined) continue;
    const set = reconcile(entry.set, versioned.schema.type);
    result.set(id, set === entry.set ? entry : { ...entry, set });
  }
  return result;
}

interface Settling {
  /** Takes what others own; else they conflict. */
  force: boolean;
  /** The one who writes. */
  except?: string;
}

/** Takes away from the other managers (in place) what the write changed or removed. */
function settle(change: OwnershipChange, next: VersionedObject, { force, except }: Settling): Comparison {
  const { live, managers, inVersion, ignored } = change;
  const compared = new Map([[live.apiVersion, filtered(live, next, ignored)]]);
  const lost = new Map<string, FieldSet>();
  const conflicts: Conflict[] = [];
  for (const [id, entry] of managers) {
    if (id === except) continue;
    const comparison = compared.get(entry.apiVersion) ?? comparisonIn(entry.apiVersion);
    if (comparison === undefined) {
      managers.delete(id);
      continue;
    }
    compared.set(entry.apiVersion, comparison);
    const taken = intersection(entry.set, union(comparison.modified, comparison.added));
    for (const path of force ? [] : pathsOf(taken)) conflicts.push({ id, entry, path });
    lost.set(id, union(taken, comparison.removed));
  }
  if (conflicts.length > 0) throw new ConflictsError(conflicts);
  for (const [id, entry] of managers) {
    const set = difference(entry.set, lost.get(id) ?? NO_FIELDS);
    if (set.length === 0) managers.delete(id);
    else if (set !== entry.set) managers.set(id, { ...entry, set });
  }
  return compared.get(live.apiVersion) ?? { removed: NO_FIELDS, modified: NO_FIELDS, added: NO_FIELDS };

  function comparisonIn(apiVersion: string): Comparison | undefined {
    const [before, after] = [inVersion(live, apiVersion), inVersion(next, apiVersion)];
    return before === undefined || after === undefined ? undefined : filtered(before, after, ignored);
  }
}

function filtered(before: VersionedObject, after: VersionedObject, ignored: FieldSet): Comparison {
  const { removed, modified, added } = compare(before.schema.type, before.object, after.object);
  return {
    removed: recursiveDifference(removed, ignored),
    modified: recursiveDifference(modified, ignored),
    added: recursiveDifference(added, ignored),
  };
}
