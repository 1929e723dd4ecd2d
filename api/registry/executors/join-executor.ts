import type { Clock } from '../../machinery/clock.ts';
import { findCondition } from '../../machinery/condition.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import type { GroupVersionResource } from '../../machinery/group-version-kind.ts';
import { badRequest, ignoreNotFound, isStatusError, StatusError } from '../../machinery/status-error.ts';
import { executorAccount, EXECUTOR_NAMESPACE } from '../../machinery/users/process-account.ts';
import { API_SERVER_USER } from '../../machinery/users/user.ts';
import type { Executor } from '../../types/generated/executor.ts';
import type { JoinTokenSpec } from '../../types/generated/join-token.ts';
import type { JoinedExecutor, JoinRequest } from '../../types/join-token.ts';
import { EXECUTORS } from '../../types/resources.ts';
import type { Registry } from '../registry.ts';
import type { Target } from '../resource.ts';
import type { TokenRequests } from '../service-accounts/token-request.ts';
import { findJoinToken, useJoinToken } from './join-tokens.ts';

/** How machines become Executors (docs/adr/0053-a-machine-joins-by-a-token.md). */
export interface ExecutorJoins {
  /**
   * Gives a machine the identity of an Executor in exchange for its join token. One that the Executor had before ends.
   * @throws StatusError Unauthorized for a token that is not good, Forbidden for a name that is not its own,
   * AlreadyExists, Conflict, BadRequest
   */
  join(request: JoinRequest): Promise<JoinedExecutor>;
}

export interface ExecutorJoinsOptions {
  registry: Registry;
  tokenRequests: TokenRequests;
  clock: Clock;
}

/** So long may the machine be switched off: it renews its token when a third of this is over. */
const LIFE_S = 30 * 24 * 60 * 60;

const WRITE = { dryRun: false, fieldValidation: 'Strict', user: API_SERVER_USER } as const;

export function createExecutorJoins(options: ExecutorJoinsOptions): ExecutorJoins {
  const { registry, tokenRequests } = options;
  return {
    async join(request) {
      if (request.claim.length < MIN_CLAIM)
        throw badRequest(`claim must have ${MIN_CLAIM} characters at least`);
      const { spec, status } = await findJoinToken(options, request);
      const name = nameOf(spec, request);
      // Who repeats a join has become this Executor already.
      if (status?.usedTime === undefined) await checkFree(registry, spec, name);
      else if (status.executorName !== name) throw notFor(`the executor "${status.executorName}"`, name);
      await useJoinToken(options, request, name);
      const executor = await ensureExecutor(registry, name);
      const account = await renewAccount(registry, name);
      const boundObjectRef = { kind: 'Node', apiVersion: 'v1', name, uid: executor.metadata.uid };
      const body = { spec: { expirationSeconds: LIFE_S, boundObjectRef } };
      const { object } = await tokenRequests.create(account, body, WRITE);
      const { token } = object.object['status'] as { token: string };
      return { name, token };
    },
  };
}

const MIN_CLAIM = 32;

/** @throws StatusError Forbidden for another name than the token is for, BadRequest for none */
function nameOf(
  { executorName, executorNamePrefix = '' }: JoinTokenSpec,
  { name, host }: JoinRequest,
): string {
  if (executorName !== undefined) {
    if (name === undefined || name === executorName) return executorName;
    throw notFor(`the executor "${executorName}"`, name);
  }
  if (name !== undefined) {
    if (name.startsWith(executorNamePrefix)) return name;
    throw notFor(`executors whose names begin with "${executorNamePrefix}"`, name);
  }
  if (host === undefined || host === '') {
    throw badRequest('the join token is for several executors: the machine has to say which one it is');
  }
  return host.startsWith(executorNamePrefix) ? host : `${executorNamePrefix}${host}`;
}

const notFor = (whom: string, name: string): StatusError =>
  new StatusError('Forbidden', `the join token is for ${whom}, not for "${name}"`);

/**
 * A token for any name makes new Executors only. One for a name may be for a machine that is set up again, but never for
 * one that works: two machines would be one Executor.
 */
async function checkFree(registry: Registry, { executorName }: JoinTokenSpec, name: string): Promise<void> {
  const executor = await find(registry, EXECUTORS, { name, namespace: '' });
  if (executorName === undefined) {
    const account = await find(registry, ACCOUNTS, executorAccount(name));
    if (executor === undefined && account === undefined) return;
    const how = 'give this machine another name (EXECUTOR_NAME), or make a token for this one';
    throw new StatusError('AlreadyExists', `there is an executor "${name}" already: ${how}`);
  }
  const { status } = (executor ?? {}) as Partial<Executor>;
  if (findCondition(status?.conditions, 'Ready')?.status !== 'True') return;
  const how = 'stop it, or remove it with troupe executor delete';
  throw new StatusError('Conflict', `another machine is the executor "${name}" and works: ${how}`);
}

/** With whatever people have said about it. */
async function ensureExecutor(registry: Registry, name: string): Promise<Unstructured> {
  const { group, version, kind } = EXECUTORS;
  const object = { apiVersion: `${group}/${version}`, kind, metadata: { name }, spec: {} };
  const made = await create(registry, EXECUTORS, { object, namespace: '' });
  const executor = made ?? (await find(registry, EXECUTORS, { name, namespace: '' }));
  if (executor === undefined)
    throw new StatusError('Conflict', `the executor "${name}" was deleted meanwhile`);
  return executor;
}

/** A new account of the name: tokens of the one before end with it. */
async function renewAccount(registry: Registry, name: string): Promise<Target> {
  const target = targetOf(registry, ACCOUNTS, executorAccount(name));
  await ignoreNotFound(registry.delete({ target, dryRun: false, user: API_SERVER_USER }));
  const object = {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name, namespace: EXECUTOR_NAMESPACE },
  };
  await create(registry, ACCOUNTS, { object, namespace: EXECUTOR_NAMESPACE });
  return target;
}

const ACCOUNTS: GroupVersionResource = { group: '', version: 'v1', plural: 'serviceaccounts' };

/** Undefined when it is there already. */
async function create(
  registry: Registry,
  kind: GroupVersionResource,
  { object, namespace }: { object: object; namespace: string },
): Promise<Unstructured | undefined> {
  const { resource } = targetOf(registry, kind, { name: '', namespace });
  try {
    return (await registry.create({ resource, namespace, body: object, ...WRITE })).object.object;
  } catch (error) {
    if (!isStatusError(error, 'AlreadyExists')) throw error;
    return undefined;
  }
}

async function find(
  registry: Registry,
  kind: GroupVersionResource,
  place: Pick<Target, 'name' | 'namespace'>,
): Promise<Unstructured | undefined> {
  const target = targetOf(registry, kind, place);
  return (await ignoreNotFound(registry.get({ target, user: API_SERVER_USER })))?.object;
}

function targetOf(
  { catalog }: Registry,
  kind: GroupVersionResource,
  place: Pick<Target, 'name' | 'namespace'>,
): Target {
  const resource = catalog.find(kind);
  if (resource === undefined) throw new Error(`${kind.plural} are not served`);
  return { resource, ...place };
}
