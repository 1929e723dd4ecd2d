import { TROUPE_GROUP } from '../../machinery/group-version-kind.ts';
import { PUBLIC_NAMESPACE } from '../../types/shells/shell.ts';
import { parseResourcePath } from '../request/resource-path.ts';
import type { ResourcePath } from '../request/resource-path.ts';

/**
 * The paths below `/api/v1` that are for people and programs who do not speak Kubernetes. That is the place of
 * Kubernetes' core group, which has none of these names; what they stand for are kinds of ours, and access to them is
 * judged as to those.
 */
const COMPATIBLE: ReadonlyMap<string, string> = new Map([
  ['approvals', 'v1alpha1'],
  ['bots', 'v1'],
  ['ghosts', 'v1'],
  ['models', 'v1'],
  ['shells', 'v1'],
  ['skills', 'v1alpha1'],
  ['tasks', 'v1'],
  ['teams', 'v1'],
  ['workspaces', 'v1'],
]);

/** The version of the kind that a plural below `/api/v1` stands for; undefined for one that is not ours. */
export const compatibleVersion = (plural: string): string | undefined => COMPATIBLE.get(plural);

/** The resource that a path names; undefined for one that names none. `path` is decoded once, as the router sees it. */
export function placeOf(path: string): ResourcePath | undefined {
  if (isOwnPath(path)) return undefined;
  const place = parseResourcePath(path);
  return place?.group === '' ? (restPlace(place) ?? place) : place;
}

/** The place of a path of ours, which looks like one of the core group; undefined for other paths. */
function restPlace(core: ResourcePath): ResourcePath | undefined {
  if (core.version !== 'v1' || core.isOldWatch) return undefined;
  const version = compatibleVersion(core.plural);
  if (version !== undefined) return { ...core, group: TROUPE_GROUP, version, rest: 'compatible' };
  if (core.namespace !== '') return undefined;
  if (core.plural === 'users') return userPlace(core);
  return core.plural === 'admin' ? adminPlace(core) : undefined;
}

const userPlace = (core: ResourcePath): ResourcePath => ({
  ...core,
  group: TROUPE_GROUP,
  version: 'v1alpha1',
  rest: 'envelope',
});

/** `/api/v1/admin/users[/NAME]` and `/api/v1/admin/public-models[/NAME]`. */
function adminPlace(core: ResourcePath): ResourcePath | undefined {
  const [name = '', ...rest] = core.subresource === '' ? [] : core.subresource.split('/');
  const place = { ...core, name, subresource: rest.join('/') };
  if (core.name === 'users') return userPlace({ ...place, plural: 'users' });
  if (core.name !== 'public-models') return undefined;
  const models = { ...place, plural: 'models', group: TROUPE_GROUP, namespace: PUBLIC_NAMESPACE };
  return { ...models, rest: 'envelope' };
}

/** The actions on a Task that a POST below its name asks for. */
export type TaskAction = 'cancel' | 'confirm';

export function taskActionOf({ rest, plural, subresource }: ResourcePath): TaskAction | undefined {
  if (rest !== 'compatible' || plural !== 'tasks') return undefined;
  return subresource === 'cancel' || subresource === 'confirm' ? subresource : undefined;
}

/** The decision that a POST below the name of an Approval makes. */
export type ApprovalAction = 'approve' | 'reject';

export function approvalActionOf({ rest, plural, subresource }: ResourcePath): ApprovalAction | undefined {
  if (rest !== 'compatible' || plural !== 'approvals') return undefined;
  return subresource === 'approve' || subresource === 'reject' ? subresource : undefined;
}

/** `/api/v1/namespaces/NS/apply` and `/delete`: a list of manifests, each of which is judged by itself. */
export interface BatchPath {
  namespace: string;
  action: 'apply' | 'delete';
}

/** `path` is decoded once, as the router sees it. */
export function batchPath(path: string): BatchPath | undefined {
  const [, namespace, action] = /^\/api\/v1\/namespaces\/([^/]+)\/(apply|delete)\/?$/.exec(path) ?? [];
  if (namespace === undefined || action === undefined) return undefined;
  return { namespace, action: action === 'apply' ? 'apply' : 'delete' };
}

/** The overall answer is for everybody; those of the parts are for whoever has logged in. */
export const REST_HEALTH = '/api/v1/health';
const HEALTH_PARTS = ['database', 'redis', 'executors', 'detailed'];

const OWN_PATHS: ReadonlySet<string> = new Set([
  REST_HEALTH,
  ...HEALTH_PARTS.map((part) => `${REST_HEALTH}/${part}`),
  '/api/v1/openapi.json',
]);

/** A path below `/api/v1` that names no resource, although it looks like one of the core group. */
export const isOwnPath = (path: string): boolean => OWN_PATHS.has(path) || batchPath(path) !== undefined;
