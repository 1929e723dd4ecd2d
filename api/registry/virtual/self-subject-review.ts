import { formatTime } from '../../machinery/clock.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import type { User } from '../../machinery/users/user.ts';
import type { RegistryContext } from '../context.ts';
import { userInfo } from './user-info.ts';

/** Who the server takes the client for: `kubectl auth whoami` (kube-apiserver registry/authentication/selfsubjectreview). */
export function selfSubjectReview(
  { clock }: Pick<RegistryContext, 'clock'>,
  user: User,
  { apiVersion, kind }: Unstructured,
): Unstructured {
  // Reviews have no name.
  const metadata = { creationTimestamp: formatTime(clock.now()) } as Unstructured['metadata'];
  return { apiVersion, kind, metadata, status: { userInfo: userInfo(user) } };
}
