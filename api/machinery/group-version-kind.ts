/** Group, version, kind and resource names (apimachinery's schema package). The core group is the empty string. */

export interface GroupVersion {
  group: string;
  version: string;
}

export interface GroupVersionKind extends GroupVersion {
  kind: string;
}

/** Names a collection in a URL: `plural` is lower case, such as `tasks`. */
export interface GroupVersionResource extends GroupVersion {
  plural: string;
}

export const TROUPE_GROUP = 'agent.wecode.io';

/** `v1` for the core group, else `group/version`. */
export function formatApiVersion(gv: GroupVersion): string {
  return gv.group === '' ? gv.version : `${gv.group}/${gv.version}`;
}

export function parseApiVersion(apiVersion: string): GroupVersion {
  const slash = apiVersion.indexOf('/');
  return slash < 0
    ? { group: '', version: apiVersion }
    : { group: apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) };
}

/** `tasks.agent.wecode.io`, or `events` in the core group: how messages name a resource. */
export function qualifiedResource(gvr: { group: string; plural: string }): string {
  return gvr.group === '' ? gvr.plural : `${gvr.plural}.${gvr.group}`;
}

/** `Task.agent.wecode.io`, or `Event` in the core group: how validation messages name a kind. */
export function qualifiedKind(gvk: { group: string; kind: string }): string {
  return gvk.group === '' ? gvk.kind : `${gvk.kind}.${gvk.group}`;
}
