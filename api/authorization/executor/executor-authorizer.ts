import type {
  Attributes,
  Authorizer,
  Decision,
  ResourceAttributes,
} from '../../machinery/users/authorizer.ts';
import { BoundedCache } from '../../machinery/bounded-cache.ts';
import { parseFieldSelector } from '../../machinery/selectors/field-selector.ts';
import { qualifiedResource } from '../../machinery/group-version-kind.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import { EXECUTOR_NAMESPACE } from '../../machinery/users/process-account.ts';
import type { Sandbox } from '../../types/generated/sandbox.ts';
import { executorOf } from './executor-identity.ts';
import { makesPackages, needs, RESOURCES } from './needed-objects.ts';
import type { ObjectKey } from './needed-objects.ts';

/** The stored objects, as this authorizer reads them. */
export interface StoredObjects {
  /** Out of memory: maybe behind by what another replica has written a moment ago. */
  known(key: ObjectKey): Promise<Unstructured | undefined>;
  /** With every write that any replica has acknowledged. */
  newest(key: ObjectKey): Promise<Unstructured | undefined>;
  /** All Sandboxes, as `newest`. */
  sandboxes(): Promise<readonly Unstructured[]>;
}

/**
 * The rights of executor managers, after the node authorizer (kubernetes plugin/pkg/auth/authorizer/node): each may
 * read and report its own Executor and the Sandboxes that are bound to it, and read what those need. Whoever steals its
 * token can do nothing else. Admission judges the content of writes within these rights (executor-restriction.ts).
 */
export function createExecutorAuthorizer(objects: StoredObjects): Authorizer {
  const relations = new Relations(objects);
  return {
    async authorize(user, attributes) {
      const executor = executorOf(user);
      if (executor === undefined || attributes.resource === undefined) return NO_OPINION;
      const request = { ...attributes, executor, resource: attributes.resource };
      const isAllowed = await judge(request, relations);
      return isAllowed ? ALLOW : unrelated(executor);
    },
    whyNotListed: (user) =>
      executorOf(user) === undefined ? [] : ['executor authorizer does not support user rule resolution'],
  };
}

const ALLOW: Decision = { verdict: 'allow', reason: '' };
const NO_OPINION: Decision = { verdict: 'no opinion', reason: '' };

const unrelated = (executor: string): Decision => ({
  verdict: 'no opinion',
  reason: `no relationship found between executor "${executor}" and this object`,
});

interface Request extends Attributes {
  executor: string;
  resource: ResourceAttributes;
}

type Rule = (request: Request, relations: Relations) => Promise<boolean> | boolean;

const GET = new Set(['get']);
const GET_AND_PATCH = new Set(['get', 'patch']);
const GET_AND_WRITE = new Set(['get', 'update', 'patch']);

const ifVerb =
  (verbs: ReadonlySet<string>, rule: Rule): Rule =>
  (request, relations) =>
    verbs.has(request.verb) && rule(request, relations);

const isOwn: Rule = ({ executor, resource }) => resource.name === executor;
const isBound: Rule = ({ executor, resource }, relations) => relations.isBound(executor, resource);
const isNeeded: Rule = ({ executor, resource }, relations) => relations.isNeeded(executor, keyOf(resource));

/** `reveal`: with its credentials. */
const isRead = ifVerb(new Set(['get', 'reveal']), isNeeded);

/** By `plural.group/subresource`. */
const RULES: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  // A create names nothing; admission sees to the name.
  [
    'executors.agent.wecode.io',
    (request) => request.verb === 'create' || (GET_AND_PATCH.has(request.verb) && isNamed(request)),
  ],
  ['executors.agent.wecode.io/status', ifVerb(GET_AND_WRITE, isOwn)],
  ['executors.agent.wecode.io/tunnel', ifVerb(new Set(['create']), isOwn)],
  ['serviceaccounts/token', ifVerb(new Set(['create']), isOwnAccount)],
  ['sandboxes.agent.wecode.io', judgeSandboxes],
  ['sandboxes.agent.wecode.io/status', ifVerb(GET_AND_WRITE, isBound)],
  ['tasks.agent.wecode.io', ifVerb(GET, isTaskOrNothing)],
  ['tasks.agent.wecode.io/log', ifVerb(new Set(['create', 'get']), isNeeded)],
  ['events', ({ verb }) => verb === 'create'],
  ['models.agent.wecode.io', isRead],
  ['ghosts.agent.wecode.io', isRead],
  ['mcpservers.agent.wecode.io', isRead],
  ['secrets', ifVerb(GET, isNeeded)],
  ['skillpackages.agent.wecode.io', judgePackages],
  ['taskrevisions.agent.wecode.io', ifVerb(GET, isNeeded)],
]);

function judge(request: Request, relations: Relations): Promise<boolean> | boolean {
  const { resource } = request;
  const part = resource.subresource === '' ? '' : `/${resource.subresource}`;
  return RULES.get(`${qualifiedResource(resource)}${part}`)?.(request, relations) ?? false;
}

function isNamed({ executor, resource }: Request): boolean {
  return resource.name === executor;
}

/** It renews its own token, and makes nobody else's. */
function isOwnAccount({ executor, resource }: Request): boolean {
  return resource.namespace === EXECUTOR_NAMESPACE && resource.name === executor;
}

/** A package is named by its content, so one that is made by mistake is no other one's. */
function judgePackages(
  { verb, executor, resource }: Request,
  relations: Relations,
): Promise<boolean> | boolean {
  if (verb === 'create') return relations.makesPackages(executor, resource.namespace);
  return verb === 'get' && relations.isNeeded(executor, keyOf(resource));
}

const SANDBOX_READS = new Set(['list', 'watch']);

function judgeSandboxes(request: Request, relations: Relations): Promise<boolean> | boolean {
  const { verb, executor, resource } = request;
  if (SANDBOX_READS.has(verb)) return selectsOwn(executor, resource.fieldSelector ?? '');
  if (verb === 'update') return relations.isBound(executor, resource);
  if (verb !== 'get') return false;
  return isBoundOrNeeded(executor, resource, relations);
}

/** A Sandbox goes on with the files of earlier ones, which another executor may have run. */
async function isBoundOrNeeded(
  executor: string,
  resource: ResourceAttributes,
  relations: Relations,
): Promise<boolean> {
  return (await relations.isBound(executor, resource)) || relations.isNeeded(executor, keyOf(resource));
}

/** A list or watch that shows what is bound to this executor and nothing else. */
function selectsOwn(executor: string, fieldSelector: string): boolean {
  try {
    return parseFieldSelector(fieldSelector).some(
      ({ field, operator, value }) => field === 'spec.executorName' && operator === '=' && value === executor,
    );
  } catch {
    return false;
  }
}

/**
 * A Task that is not there may be asked for, too: that it is gone is how an executor learns that nobody goes on with
 * the files it keeps for it.
 */
async function isTaskOrNothing({ executor, resource }: Request, relations: Relations): Promise<boolean> {
  const key = keyOf(resource);
  return (await relations.isNeeded(executor, key)) || relations.isAbsent(key);
}

const keyOf = (resource: ResourceAttributes): ObjectKey => ({
  resource: qualifiedResource(resource),
  namespace: resource.namespace,
  name: resource.name,
});

/** Relations that were found once, at most; they are checked again on each request. */
const MAX_HINTS = 10_000;

/**
 * Which Sandbox gives an executor the right to an object. It is looked for among all Sandboxes once, and then remembered:
 * from then on a look at that one Sandbox tells whether the right still holds.
 */
class Relations {
  readonly #objects: StoredObjects;
  readonly #hints = new BoundedCache<ObjectKey>({ most: MAX_HINTS });

  constructor(objects: StoredObjects) {
    this.#objects = objects;
  }

  /** Whether a Sandbox is bound to the executor. */
  async isBound(executor: string, { namespace, name }: ResourceAttributes): Promise<boolean> {
    const key = { resource: RESOURCES.sandboxes, namespace, name };
    if (boundTo(await this.#objects.known(key)) === executor) return true;
    return boundTo(await this.#objects.newest(key)) === executor;
  }

  /** Whether a Sandbox that is bound to the executor needs the object. */
  async isNeeded(executor: string, wanted: ObjectKey): Promise<boolean> {
    if (wanted.name === '') return false;
    const hint = [executor, wanted.resource, wanted.namespace, wanted.name].join('/');
    const known = this.#hints.get(hint);
    const { known: find, newest } = this.#objects;
    if (known !== undefined && (await isNeededBy(await find(known), { executor, wanted, find }))) return true;
    this.#hints.delete(hint);
    for (const sandbox of await this.#objects.sandboxes()) {
      if (!(await isNeededBy(sandbox, { executor, wanted, find: newest }))) continue;
      const { name, namespace = '' } = sandbox.metadata;
      this.#hints.set(hint, { resource: RESOURCES.sandboxes, namespace, name });
      return true;
    }
    return false;
  }

  async makesPackages(executor: string, namespace: string): Promise<boolean> {
    const sandboxes = (await this.#objects.sandboxes()) as unknown as readonly Sandbox[];
    return sandboxes.some((one) => boundTo(one) === executor && makesPackages(one, namespace));
  }

  async isAbsent(key: ObjectKey): Promise<boolean> {
    return key.name !== '' && (await this.#objects.newest(key)) === undefined;
  }
}

interface Need {
  executor: string;
  wanted: ObjectKey;
  find: StoredObjects['known'];
}

async function isNeededBy(
  object: Unstructured | undefined,
  { executor, wanted, find }: Need,
): Promise<boolean> {
  if (object === undefined || boundTo(object) !== executor) return false;
  return needs(object as unknown as Sandbox, wanted, find);
}

function boundTo(object: object | undefined): string | undefined {
  const { executorName } = (object as Sandbox | undefined)?.spec ?? {};
  return executorName === '' ? undefined : executorName;
}
