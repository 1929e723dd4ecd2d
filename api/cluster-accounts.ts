import { createClusterAccounts } from './authentication/cluster-accounts.ts';
import type { TokenAuthenticator } from './authentication/authenticator.ts';
import type { ClusterAccountSettings } from './authentication/settings.ts';
import { podContext } from './client/connect.ts';
import { loadKubeconfig } from './client/kubeconfig.ts';
import { readAccountToken } from './client/own-token.ts';
import { userNameOf } from './authentication/service-account/claims.ts';
import { serviceAccountGroups } from './machinery/users/service-account-user.ts';
import type { ProcessAccount } from './machinery/users/process-account.ts';
import { openTokenWebhook } from './token-webhook.ts';
import type { TokenWebhookParts } from './token-webhook.ts';

/** A Pod that is gone, or an account, is believed for so long. */
const CACHE_MS = 60_000;
const PATH = '/apis/authentication.k8s.io/v1/tokenreviews';

export type ClusterAccountParts = Omit<TokenWebhookParts, 'settings'>;

/** @throws Error, for a person, where the cluster cannot be told */
export async function startClusterAccounts(
  { accounts, kubeconfigFile }: ClusterAccountSettings,
  parts: ClusterAccountParts,
  started: AsyncDisposableStack,
): Promise<TokenAuthenticator> {
  const context =
    kubeconfigFile === undefined ? await podContext() : await loadKubeconfig({ files: [kubeconfigFile] });
  if (context === undefined) {
    throw new Error('--cluster-account needs --cluster-kubeconfig, or to run in a Pod with a ServiceAccount');
  }
  const where = kubeconfigFile === undefined ? '--cluster-account' : `--cluster-kubeconfig ${kubeconfigFile}`;
  const webhook = { ...context, server: new URL(PATH, context.server).href };
  const review = await openTokenWebhook(
    { ...parts, context: webhook, where, version: 'v1', cacheMs: CACHE_MS },
    started,
  );
  const nameOf = ({ namespace, name }: ProcessAccount): string => userNameOf(namespace, name);
  return createClusterAccounts({
    review,
    users: new Map(
      accounts.map(({ cluster, process }) => [
        nameOf(cluster),
        { name: nameOf(process), groups: serviceAccountGroups(process.namespace) },
      ]),
    ),
    claimedUser(token) {
      const claims = readAccountToken(token);
      return claims && nameOf(claims);
    },
  });
}
