import { formatTime } from '../../machinery/clock.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import type { User } from '../../machinery/user.ts';
import type { RegistryContext } from '../context.ts';

/** Who the server takes the client for: `kubectl auth whoami` (kube-apiserver registry/authentication/selfsubjectreview). */
export function selfSubjectReview(
  { clock }: Pick<RegistryContext, 'clock'>,
  { name, uid, groups, extra = {} }: User,
  { apiVersion, kind }: Unstructured,
): Unstructured {
  const userInfo = {
    username: name,
    ...(uid !== undefined && { uid }),
    ...(groups.length > 0 && { groups }),
    ...(Object.keys(extra).length > 0 && { extra }),
  };
  // Reviews have no name.
  const metadata = { creationTimestamp: formatTime(clock.now()) } as Unstructured['metadata'];
  return { apiVersion, kind, metadata, status: { userInfo } };
}
