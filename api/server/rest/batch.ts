import type { AuditedRequest } from '../../audit/audited-request.ts';
import { fieldsOf, isJsonObject } from '../../machinery/json/json.ts';
import { TROUPE_GROUP } from '../../machinery/group-version-kind.ts';
import type { Logger } from '../../machinery/logger.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import { badRequest, isStatusError, toStatusError } from '../../machinery/status-error.ts';
import type { Access } from '../access/access.ts';
import { logOwnFault } from '../answer/failure.ts';
import type { Registry } from '../../registry/registry.ts';
import type { WriteOptions } from '../../registry/requests.ts';
import type { Resource, Target } from '../../registry/resource.ts';
import { checkReferences } from './references.ts';
import { readManifest, replaceObject } from './replace-object.ts';
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
  /** The audit of the whole batch; undefined where nothing is written down. */
  audited: AuditedRequest | undefined;
  logger: Logger;
}

/** One manifest, once it is known what it is for. */
interface Asked {
  index: number;
  target: Target;
  object: Unstructured;
  /** Its audit; begun when its rights are judged. */
  audited?: AuditedRequest;
}

interface Written {
  operation: 'created' | 'deleted' | 'updated';
  object: Unstructured;
}

/**
 * Applies or deletes the manifests in their order, each by itself: one that fails keeps no other back. Each is judged
 * as a request for it alone would be.
 * @throws StatusError BadRequest for a body that is no list of manifests; nothing is written then
 */
export async function runBatch(options: BatchOptions, body: unknown): Promise<BatchResult> {
  if (!Array.isArray(body)) throw badRequest('expected a JSON array of manifests');
  if (body.length > MOST_ITEMS) throw badRequest(`a batch has at most ${MOST_ITEMS} manifests`);
  for (const [index, item] of body.entries()) checkItem(item, index);
  const results: BatchItem[] = [];
  for (const [index, item] of body.entries()) results.push(await runItem(options, item, index));
  const done = results.filter(({ success }) => success).length;
  const verb = options.path.action === 'apply' ? 'Applied' : 'Deleted';
  return {
    success: done === results.length,
    message: `${verb} ${done}/${results.length} resources`,
    results,
  };
}

function checkItem(item: unknown, index: number): void {
  if (!isJsonObject(item)) throw badRequest(`[${index}]: expected an object with kind, metadata and spec`);
  if (!isJsonObject(item['metadata'])) throw badRequest(`[${index}].metadata is missing`);
}

async function runItem(options: BatchOptions, item: unknown, index: number): Promise<BatchItem> {
  const { namespace } = options.path;
  const { kind, metadata } = fieldsOf(item);
  const { name } = fieldsOf(metadata);
  const about = {
    kind: typeof kind === 'string' ? kind : '',
    name: typeof name === 'string' ? name : '',
    namespace,
  };
  try {
    const resource = resourceOf(options.registry, about.kind);
    const { object, name: given } = readManifest(item, resource, namespace);
    const asked = { index, object, target: { resource, namespace, name: given } };
    return { ...about, operation: await write(options, asked), success: true };
  } catch (error) {
    const failure = toStatusError(error);
    logOwnFault(failure, options.logger);
    return { ...about, operation: 'failed', success: false, error: failure.message };
  }
}

/** @throws whatever kept it from being written, which is written down then */
async function write(options: BatchOptions, asked: Asked): Promise<Written['operation']> {
  const { action } = options.path;
  try {
    const { operation, object } = await (action === 'apply' ? applyItem : deleteItem)(options, asked);
    asked.audited?.responseObject(() => object);
    await asked.audited?.complete(operation === 'created' ? 201 : 200);
    return operation;
  } catch (caught) {
    const error = toStatusError(caught);
    await asked.audited?.complete(error.code, { error, unexpected: !isStatusError(caught) });
    throw caught;
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

async function applyItem(options: BatchOptions, asked: Asked): Promise<Written> {
  const { registry, write: given } = options;
  const { target, object } = asked;
  const { resource, namespace } = target;
  const { user } = given;
  await judgeItem(options, asked, 'update');
  try {
    const update = { ...given, target, object };
    await replaceObject(registry, { ...update, dryRun: true });
    await checkReferences(registry, { resource, namespace, object, user });
    return { operation: 'updated', object: (await replaceObject(registry, update)).object.object };
  } catch (error) {
    if (!isMissing(error, target)) throw error;
  }
  await judgeItem(options, asked, 'create');
  const create = { resource, namespace, body: object, ...given };
  await registry.create({ ...create, dryRun: true });
  await checkReferences(registry, { resource, namespace, object, user });
  return { operation: 'created', object: (await registry.create(create)).object.object };
}

/** The object itself, and not one that it names. */
const isMissing = (error: unknown, { resource, name }: Target): boolean =>
  isStatusError(error, 'NotFound') && error.details?.kind === resource.plural && error.details.name === name;

async function deleteItem(options: BatchOptions, asked: Asked): Promise<Written> {
  const { user, dryRun } = options.write;
  const { target } = asked;
  await judgeItem(options, asked, 'delete');
  const { object } = await options.registry.delete({ target, user, dryRun });
  return { operation: 'deleted', object: object.object };
}

/**
 * Begins the record of the object with the verb that it turns out to need: one that is not there is created, and told of
 * as that alone.
 * @throws StatusError Forbidden
 */
function judgeItem({ access, audited, write }: BatchOptions, asked: Asked, verb: string): Promise<void> {
  const { resource, namespace, name } = asked.target;
  const { group, version, plural } = resource;
  // A new object has no name yet, as far as rules go.
  const named = verb === 'create' ? '' : name;
  const attributes = {
    verb,
    path: '',
    resource: { group, version, plural, subresource: '', namespace, name: named },
  };
  const part = audited?.part(attributes, asked.index);
  if (part !== undefined) asked.audited = part;
  if (verb !== 'delete') part?.requestObject(asked.object);
  return access.judge(write.user, attributes, part);
}
