import type { Attributes } from '../../machinery/users/authorizer.ts';

/** Streams into a Pod, which do more than a reader of it may. */
const POD_STREAMS: ReadonlySet<string> = new Set(['attach', 'exec', 'portforward']);

/**
 * The rights that a request takes beside that to its own action. WebSocket takes the method GET, which is `get` to the
 * rules: whoever may only read must not get a shell by it (kubernetes KEP 5471, AuthorizePodWebsocketUpgradeCreatePermission).
 */
export function furtherRights(attributes: Attributes): Attributes[] {
  const { verb, resource } = attributes;
  const isStream =
    resource?.group === '' && resource.plural === 'pods' && POD_STREAMS.has(resource.subresource);
  return isStream && verb === 'get' ? [{ ...attributes, verb: 'create' }] : [];
}
