import { fieldSetOf } from './field-set-of.ts';
import { difference, intersection, NO_FIELDS, union } from './field-set.ts';
import type { FieldSet } from './field-set.ts';
import type { ManagerEntry, Managers } from './managed-fields.ts';
import { removeItems, withNamedFields } from './remove-items.ts';
import type { InVersion, VersionedObject } from './versioned-object.ts';

export interface Pruning {
  merged: VersionedObject;
  /** The applier among them, with what it applies now. */
  managers: Managers;
  /** What it applied before. */
  last: ManagerEntry;
  inVersion: InVersion;
}

/**
 * The merged object without the fields and items that the applier set before, does not set any more, and nobody else
 * owns (structured-merge-diff merge/update.go, prune). The steps are upstream's: all of the last set goes, then what is
 * owned comes back, then what was never the applier's.
 */
export function pruneDropped({ merged, managers, last, inVersion }: Pruning): VersionedObject {
  const before = inVersion(merged, last.apiVersion);
  if (before === undefined) return merged;
  const removed = without(before, withNamedFields(last.set, before.schema.type));
  const owned = addBackOwned({ before, removed, managers, inVersion });
  const result = addBackForeign({ before, pruned: owned, last: last.set, inVersion });
  return inVersion(result, merged.apiVersion) ?? merged;
}

function without(from: VersionedObject, set: FieldSet): VersionedObject {
  return { ...from, object: removeItems(from.schema.type, from.object, set) } as VersionedObject;
}

function namedFieldsOf({ schema, object }: VersionedObject): FieldSet {
  return withNamedFields(fieldSetOf(schema.type, object), schema.type);
}

interface OwnedItems {
  before: VersionedObject;
  removed: VersionedObject;
  managers: Managers;
  inVersion: InVersion;
}

/** The version of the last set first: a conversion may need what is owned in it. */
function addBackOwned({ before, removed, managers, inVersion }: OwnedItems): VersionedObject {
  const owned = new Map<string, FieldSet>([[before.apiVersion, NO_FIELDS]]);
  for (const { apiVersion, set } of managers.values())
    owned.set(apiVersion, union(owned.get(apiVersion) ?? NO_FIELDS, set));
  let [all, kept] = [before, removed];
  for (const [apiVersion, set] of owned) {
    const [allHere, keptHere] = [inVersion(all, apiVersion), inVersion(kept, apiVersion)];
    if (allHere === undefined || keptHere === undefined) continue;
    const keep = union(namedFieldsOf(keptHere), withNamedFields(set, allHere.schema.type));
    [all, kept] = [allHere, without(allHere, difference(namedFieldsOf(allHere), keep))];
  }
  return kept;
}

interface ForeignItems {
  before: VersionedObject;
  pruned: VersionedObject;
  last: FieldSet;
  inVersion: InVersion;
}

function addBackForeign({ before, pruned, last, inVersion }: ForeignItems): VersionedObject {
  const here = inVersion(pruned, before.apiVersion);
  if (here === undefined) return before;
  const gone = difference(namedFieldsOf(before), namedFieldsOf(here));
  return without(before, intersection(gone, withNamedFields(last, before.schema.type)));
}
