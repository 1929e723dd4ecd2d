import { fieldsOf, isJsonObject } from '../../machinery/json/json.ts';
import { TROUPE_GROUP } from '../../machinery/group-version-kind.ts';
import { badRequest, isStatusError, toStatusError } from '../../machinery/status-error.ts';
import type { User } from '../../machinery/user.ts';
import type { Access } from '../access/access.ts';
import type { Registry } from '../../registry/registry.ts';
import type { WriteOptions } from '../../registry/requests.ts';
import type { Resource, Target } from '../../registry/resource.ts';
import { checkReferences } from './references.ts';
import { readManifest, replaceObject } from './replace-object.ts';
import type { Manifest } from './replace-object.ts';
import type { BatchPath } from './rest-path.ts';

/** The kinds of a batch, with their plurals. */
const PLURALS: ReadonlyMap<string, string> = new Map([
  ['Bot', 'bots'],
  ['Ghost', 'ghosts'],
  ['Model', 'models'],
  ['Shell', 'shells'],
  ['Task', 'tasks'],
  ['Team', 'teams'],
  ['Workspace', 'workspaces'],
]);
const MOST_ITEMS = 1000;

export interface BatchItem {
  kind: string;
  name: string;
  namespace: string;
  operation: 'created' | 'deleted' | 'failed' | 'updated';
  success: boolean;
  /** Only of one that failed. */
  error?: string;
}

export interface BatchResult {
  /** All went well. */
  success: boolean;
  message: string;
  results: BatchItem[];
}

export interface BatchOptions {
  registry: Registry;
  access: Pick<Access, 'judge'>;
  path: BatchPath;
  write: WriteOptions;
}

/**
 * Applies or deletes the manifests in their order, each by itself: one that fails keeps no other back. Each is judged
 * as a request for it alone would be.
 * @throws StatusError BadRequest for a body that is no list of manifests; nothing is written then
 */
export async function runBatch(options: BatchOptions, body: unknown): Promise<BatchResult> {
  if (!Array.isArray(body)) throw badRequest('expected a JSON array of manifests');
  if (body.length > MOST_ITEMS) throw badRequest(`a batch has at most ${MOST_ITEMS} manifests`);
  const withoutMetadata = body.findIndex((item) => !isJsonObject(fieldsOf(item)['metadata']));
  if (withoutMetadata >= 0) throw badRequest(`[${withoutMetadata}].metadata is missing`);
  const results: BatchItem[] = [];
  for (const item of body) results.push(await runItem(options, item));
  const done = results.filter(({ success }) => success).length;
  const verb = options.path.action === 'apply' ? 'Applied' : 'Deleted';
  return {
    success: done === results.length,
    message: `${verb} ${done}/${results.length} resources`,
    results,
  };
}

async function runItem(options: BatchOptions, item: unknown): Promise<BatchItem> {
  const { namespace, action } = options.path;
  const { kind, metadata } = fieldsOf(item);
  const { name } = fieldsOf(metadata);
  const about = {
    kind: typeof kind === 'string' ? kind : '',
    name: typeof name === 'string' ? name : '',
    namespace,
  };
  try {
    const resource = resourceOf(options.registry, about.kind);
    const manifest = readManifest(item, resource, namespace);
    const target = { resource, namespace, name: manifest.name };
    const operation = await (action === 'apply'
      ? applyItem(options, target, manifest)
      : deleteItem(options, target));
    return { ...about, operation, success: true };
  } catch (error) {
    return { ...about, operation: 'failed', success: false, error: toStatusError(error).message };
  }
}

function resourceOf({ catalog }: Registry, kind: string): Resource {
  const plural = PLURALS.get(kind);
  const resource = plural && catalog.find({ group: TROUPE_GROUP, version: 'v1', plural });
  if (!resource) {
    throw badRequest(
      `Unsupported resource kind: ${JSON.stringify(kind.slice(0, 100))}; expected one of ${[...PLURALS.keys()].join(', ')}`,
    );
  }
  return resource;
}

async function applyItem(
  { registry, access, write }: BatchOptions,
  target: Target,
  { object }: Manifest,
): Promise<'created' | 'updated'> {
  const { resource, namespace } = target;
  const { user } = write;
  const judge = (verb: string): Promise<void> => judgeItem(access, { user, verb, target });
  await judge('update');
  try {
    const asked = { ...write, target, object };
    await replaceObject(registry, { ...asked, dryRun: true });
    await checkReferences(registry, { object, namespace, user });
    await replaceObject(registry, asked);
    return 'updated';
  } catch (error) {
    if (!isMissing(error, target)) throw error;
  }
  await judge('create');
  const created = { resource, namespace, body: object, ...write };
  await registry.create({ ...created, dryRun: true });
  await checkReferences(registry, { object, namespace, user });
  await registry.create(created);
  return 'created';
}

/** The object itself, and not one that it names. */
const isMissing = (error: unknown, { resource, name }: Target): boolean =>
  isStatusError(error, 'NotFound') && error.details?.kind === resource.plural && error.details.name === name;

async function deleteItem({ registry, access, write }: BatchOptions, target: Target): Promise<'deleted'> {
  const { user, dryRun } = write;
  await judgeItem(access, { user, verb: 'delete', target });
  await registry.delete({ target, user, dryRun });
  return 'deleted';
}

/** @throws StatusError Forbidden */
function judgeItem(
  access: Pick<Access, 'judge'>,
  { user, verb, target }: { user: User; verb: string; target: Target },
): Promise<void> {
  const { resource, namespace, name } = target;
  const { group, version, plural } = resource;
  // A new object has no name yet, as far as rules go.
  const named = verb === 'create' ? '' : name;
  return access.judge(user, {
    verb,
    path: '',
    resource: { group, version, plural, subresource: '', namespace, name: named },
  });
}
