import type {
  Attributes,
  Authorizer,
  Decision,
  ResourceAttributes,
} from '../../machinery/users/authorizer.ts';
import { parseFieldSelector } from '../../machinery/selectors/field-selector.ts';
import { qualifiedResource } from '../../machinery/group-version-kind.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import { EXECUTOR_NAMESPACE } from '../../machinery/users/process-account.ts';
import type { Sandbox } from '../../types/generated/sandbox.ts';
import { executorOf } from './executor-identity.ts';
import { isSame, namesSecret, neededObjects, packagesIn, RESOURCES } from './needed-objects.ts';
import type { ObjectKey } from './needed-objects.ts';
import type { SandboxIndex } from './sandbox-index.ts';

/** The stored objects, as this authorizer reads them. */
export interface StoredObjects {
  /** Out of memory: maybe behind by what another replica has written a moment ago. */
  known(key: ObjectKey): Promise<Unstructured | undefined>;
  /** With every write that any replica has acknowledged. */
  newest(key: ObjectKey): Promise<Unstructured | undefined>;
  /** The Sandboxes, maybe behind as `known` is. */
  readonly sandboxes: Pick<SandboxIndex, 'holdersIn' | 'thatNeed'>;
  /** From then on `known` and `sandboxes` have every write that any replica acknowledged before the call. */
  renew(): Promise<void>;
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

/**
 * Which Sandbox gives an executor the right to an object. An index tells which ones may; a look at the Sandbox itself tells
 * whether the right still holds. A right that is found in memory is enough; before anything is refused, memory is renewed.
 */
class Relations {
  readonly #objects: StoredObjects;

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
    return wanted.name !== '' && this.#isKnownToNeed(executor, wanted);
  }

  async makesPackages(executor: string, namespace: string): Promise<boolean> {
    return this.#isKnownToNeed(executor, packagesIn(namespace));
  }

  async isAbsent(key: ObjectKey): Promise<boolean> {
    return key.name !== '' && (await this.#objects.newest(key)) === undefined;
  }

  async #isKnownToNeed(executor: string, wanted: ObjectKey): Promise<boolean> {
    if (await this.#needs(executor, wanted)) return true;
    await this.#objects.renew();
    return this.#needs(executor, wanted);
  }

  async #needs(executor: string, wanted: ObjectKey): Promise<boolean> {
    if (await this.#names(executor, wanted)) return true;
    return wanted.resource === RESOURCES.secrets && this.#holds(executor, wanted);
  }

  /** Whether one of its Sandboxes names the object. */
  async #names(executor: string, wanted: ObjectKey): Promise<boolean> {
    for (const key of this.#objects.sandboxes.thatNeed(executor, wanted)) {
      const sandbox = await this.#objects.known(key);
      if (sandbox === undefined || boundTo(sandbox) !== executor) continue;
      if (neededObjects(sandbox as unknown as Sandbox).some((needed) => isSame(needed, wanted))) return true;
    }
    return false;
  }

  /** Whether a Model or MCPServer that one of its Sandboxes names has its values in the Secret. */
  async #holds(executor: string, secret: ObjectKey): Promise<boolean> {
    for (const holder of this.#objects.sandboxes.holdersIn(executor, secret.namespace)) {
      const object = await this.#objects.known(holder);
      if (object === undefined || !namesSecret(holder, object, secret.name)) continue;
      if (await this.#names(executor, holder)) return true;
    }
    return false;
  }
}

function boundTo(object: object | undefined): string | undefined {
  const { executorName } = (object as Sandbox | undefined)?.spec ?? {};
  return executorName === '' ? undefined : executorName;
}
