import type { Unstructured } from '../../machinery/meta.ts';
import type { NamesOutcome } from './accepted-names.ts';
import { CLEANUP_FINALIZER, conditionsOf, storageVersionOf, storedVersionsOf } from './crd-object.ts';
import type { CrdCondition, CrdNames, CrdObject } from './crd-object.ts';
import { fieldsOf } from '../../machinery/json/json.ts';

/** A CustomResourceDefinition with what the server tells about it: names, conditions, versions that may be stored. */
export function withStatus(crd: CrdObject, outcome: NamesOutcome, now: string): Unstructured {
  const { object } = crd.stored;
  const conditions = [namesAccepted(outcome), established(crd, outcome)].reduce(
    (list, condition) => withCondition(list, condition, now),
    conditionsOf(object),
  );
  return withFinalizer({
    ...object,
    status: {
      ...fieldsOf(object['status']),
      conditions,
      acceptedNames: acceptedNames(outcome.accepted),
      storedVersions: storedVersions(object),
    },
  });
}

/** Before its first instance can exist: the finalizer keeps the definition until the last one is gone. */
function withFinalizer(crd: Unstructured): Unstructured {
  const { deletionTimestamp, finalizers = [] } = crd.metadata;
  if (deletionTimestamp !== undefined || finalizers.includes(CLEANUP_FINALIZER)) return crd;
  return { ...crd, metadata: { ...crd.metadata, finalizers: [...finalizers, CLEANUP_FINALIZER] } };
}

function namesAccepted({ conflict }: NamesOutcome): CrdCondition {
  return conflict === undefined
    ? { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found' }
    : { type: 'NamesAccepted', status: 'False', ...conflict };
}

/** Once established a kind stays so, whatever becomes of its names. */
function established(crd: CrdObject, { conflict }: NamesOutcome): CrdCondition {
  const before = conditionsOf(crd.stored.object).find((one) => one.type === 'Established');
  if (before?.status === 'True') return before;
  const type = 'Established';
  return conflict === undefined
    ? {
        type,
        status: 'True',
        reason: 'InitialNamesAccepted',
        message: 'the initial names have been accepted',
      }
    : { type, status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' };
}

/** The list with one condition set; its time changes with its status only. */
export function withCondition(
  conditions: readonly CrdCondition[],
  next: CrdCondition,
  now: string,
): CrdCondition[] {
  const before = conditions.find((one) => one.type === next.type);
  const lastTransitionTime = before?.status === next.status ? (before.lastTransitionTime ?? now) : now;
  const { type, status, reason = '', message = '' } = next;
  const condition = { type, status, lastTransitionTime, reason, message };
  if (before === undefined) return [...conditions, condition];
  return conditions.map((one) => (one.type === type ? { ...one, ...condition } : one));
}

/** As Go writes them: what is empty is left out. */
function acceptedNames(names: CrdNames): Record<string, unknown> {
  const { plural, singular, shortNames, kind, listKind, categories } = names;
  return {
    plural,
    ...(singular === '' ? {} : { singular }),
    ...(shortNames.length === 0 ? {} : { shortNames }),
    kind,
    ...(listKind === '' ? {} : { listKind }),
    ...(categories.length === 0 ? {} : { categories }),
  };
}

function storedVersions(crd: Unstructured): string[] {
  const known = storedVersionsOf(crd);
  const storage = storageVersionOf(crd);
  return storage === undefined || known.includes(storage) ? known : [...known, storage];
}
