import type { User } from '../machinery/users/user.ts';
import type { TokenAuthenticator } from './authenticator.ts';

/** Which account of a cluster is which process of ours; both as `system:serviceaccount:NAMESPACE:NAME`. */
export type ClusterAccountUsers = ReadonlyMap<string, User>;

export interface ClusterAccountsOptions {
  users: ClusterAccountUsers;
  /** The account that a token claims to be, before anybody has verified it; undefined for a token that claims none. */
  claimedUser(token: string): string | undefined;
  /** Asks the cluster. */
  review: Pick<TokenAuthenticator, 'authenticateToken'>;
}

/**
 * Processes of ours that run as Pods show the token that the kubelet gives and renews them, so that no credential of
 * theirs has to be made or kept. The cluster says whose it is (TokenReview); it counts for the named accounts alone:
 * nobody else of the cluster is somebody here. The cluster is not shown other tokens.
 */
export function createClusterAccounts({
  users,
  claimedUser,
  review,
}: ClusterAccountsOptions): TokenAuthenticator {
  return {
    async authenticateToken(token) {
      const claimed = claimedUser(token);
      if (claimed === undefined || !users.has(claimed)) return undefined;
      const found = await review.authenticateToken(token);
      return found && users.get(found.name);
    },
  };
}
