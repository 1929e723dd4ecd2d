import type { Unstructured } from '../../machinery/meta.ts';
import { canonicalQuantity, quantityText } from '../../machinery/quantity-text.ts';
import { Quantity } from '../../machinery/quantity.ts';
import { conflict } from '../../machinery/status-error.ts';
import type { ObjectStore, StoredObject } from '../../storage/contract/objects.ts';
import { countNames, exceededQuota, limitsSandboxes } from '../../types/resource-quota.ts';
import type { ResourceQuota } from '../../types/resource-quota.ts';
import type { AdmissionRequest, CreateAdmission, ValidatingPlugin } from '../admission/admission.ts';
import { forbiddenRequest } from '../admission/forbidden-request.ts';
import { isStorageError, storageFailure, translated } from '../storage-failure.ts';

export const QUOTAS = 'resourcequotas';
const RESOURCE = { group: '', plural: QUOTAS };

export interface QuotaAdmissionOptions {
  store: Pick<ObjectStore, 'list' | 'commit'>;
  /** Whether a namespace has quotas: most have none, and cost nothing. */
  hasQuotas(namespace: string): boolean;
}

/** A quota that was changed meanwhile is read again; more often than that, as upstream, the request fails. */
const MOST_TRIES = 4;

/**
 * Counts new objects against the quotas of their namespace (apiserver pkg/admission/plugin/resourcequota). The use
 * stands in the quota's status, and is raised there before the object is made, checked against the version that was read:
 * of two replicas that see the last place, one loses and looks again. Deletions, and objects that were not made after all, are
 * the controller's to take off. It has to be the last plugin: what another refuses is not to be counted.
 */
export function quotaAdmission(options: QuotaAdmissionOptions): ValidatingPlugin {
  // Requests of one namespace wait for each other, in place of losing against each other.
  const turns = new Map<string, Promise<void>>();
  return {
    name: 'ResourceQuota',
    validate(request) {
      const { namespace } = request;
      if (!isCounted(request) || !options.hasQuotas(namespace)) return undefined;
      const before = turns.get(namespace) ?? Promise.resolve();
      const charged = before.then(() => charge(options, request));
      const turn = charged.catch(() => undefined);
      turns.set(namespace, turn);
      void turn.then(() => turns.get(namespace) === turn && turns.delete(namespace));
      return charged;
    },
  };
}

/** Events are never counted (kubernetes pkg/quota/v1/install/registry.go). */
function isCounted(request: AdmissionRequest): request is CreateAdmission {
  const { operation, subresource, namespace, resource } = request;
  if (operation !== 'CREATE' || subresource !== undefined || namespace === '') return false;
  return resource.plural !== 'events' && namesOf(request).length > 0;
}

/** Sandboxes are held to their quotas when they are bound. */
function namesOf({ resource }: AdmissionRequest): string[] {
  return countNames(resource).filter((name) => !limitsSandboxes(name));
}

/** @throws StatusError Forbidden; Conflict when the quotas change all the time */
async function charge(options: QuotaAdmissionOptions, request: CreateAdmission): Promise<void> {
  let only: ReadonlySet<string> | undefined;
  for (let tries = 1; ; tries += 1) {
    const list = options.store.list({ resource: QUOTAS, namespace: request.namespace });
    const { items } = await translated(list, { resource: RESOURCE });
    const open = items.filter(({ key }) => only === undefined || only.has(key.name));
    const raised = open.flatMap((stored) => raise(stored, request));
    if (request.dryRun) return;
    const lost = (await Promise.all(raised.map((one) => commit(options, one)))).flat();
    if (lost.length === 0) return;
    if (tries === MOST_TRIES) throw conflict(RESOURCE, lost[0] ?? '');
    only = new Set(lost);
  }
}

interface Raised {
  stored: StoredObject;
  object: Unstructured;
}

/** The quota with one object more; nothing when it does not count such objects. @throws StatusError Forbidden */
function raise(stored: StoredObject, request: CreateAdmission): Raised[] {
  const quota = stored.object as ResourceQuota;
  const { hard = {}, used = {} } = quota.status ?? {};
  const names = namesOf(request).filter((name) => Object.hasOwn(hard, name));
  if (names.length === 0) return [];
  const { name: quotaName } = stored.key;
  if (names.some((name) => !Object.hasOwn(used, name))) {
    throw forbiddenRequest(
      request,
      `status unknown for quota: ${quotaName}, resources: ${names.toSorted().join(',')}`,
    );
  }
  const next = Object.fromEntries(names.map((name) => [name, parsed(used[name]).add(Quantity.of(1n))]));
  const exceeded = names.filter((name) => next[name]?.compare(parsed(hard[name])) === 1);
  if (exceeded.length > 0) {
    const listed = (text: (name: string) => string) =>
      Object.fromEntries(exceeded.map((name) => [name, text(name)]));
    const by = {
      requested: listed(() => '1'),
      used: listed((name) => canonicalQuantity(used[name] ?? '0')),
      limited: listed((name) => canonicalQuantity(hard[name] ?? '0')),
    };
    throw forbiddenRequest(request, exceededQuota(quotaName, by));
  }
  const amounts = Object.entries(next).map(([name, amount]) => [name, quantityText(amount, 'decimal')]);
  const status = { ...quota.status, used: { ...used, ...Object.fromEntries(amounts) } };
  return [{ stored, object: { ...quota, status } }];
}

const parsed = (text = '0'): Quantity => Quantity.parse(text) ?? Quantity.of(0n);

/** The name of the quota when another write came first. */
async function commit({ store }: QuotaAdmissionOptions, { stored, object }: Raised): Promise<string[]> {
  const { key, revision: expectedRevision } = stored;
  try {
    await store.commit({ op: 'update', key, object, expectedRevision });
    return [];
  } catch (error) {
    if (isStorageError(error, 'Conflict') || isStorageError(error, 'NotFound')) return [key.name];
    throw storageFailure(error, { resource: RESOURCE, name: key.name });
  }
}
