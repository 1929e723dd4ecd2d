import type { FrontProxyHeaders } from './front-proxy.ts';
import type { ProcessAccount } from '../machinery/users/process-account.ts';
import type { OidcSettings } from './oidc/oidc-settings.ts';

/** Ways to log in that an operator turns on; flags of kube-apiserver say the same. */
export interface AuthenticationSettings {
  /** PEM of those who sign certificates of users. */
  clientCAFile?: string;
  frontProxy?: FrontProxySettings;
  /** File of an AuthenticationConfiguration. */
  configurationFile?: string;
  /** In place of `configurationFile`. */
  oidc?: OidcSettings;
  tokenWebhook?: TokenWebhookSettings;
  clusterAccounts?: ClusterAccountSettings;
}

/** A service that says whose token it is. */
export interface TokenWebhookSettings {
  /** A kubeconfig that names it. */
  configFile: string;
  /** Of the TokenReviews. */
  version: 'v1' | 'v1beta1';
  /** How long its answers are kept, in milliseconds; 0: not at all. */
  cacheMs: number;
}

/** ServiceAccounts of a cluster of Kubernetes whose Pods are processes of ours. */
export interface ClusterAccountSettings {
  accounts: readonly { cluster: ProcessAccount; process: ProcessAccount }[];
  /** Names the cluster; absent: the one whose Pod this server is. */
  kubeconfigFile?: string;
}

export interface FrontProxySettings {
  /** PEM of those who sign certificates of proxies. */
  clientCAFile: string;
  /** Common names of such certificates; empty: any. */
  allowedNames: readonly string[];
  headers: FrontProxyHeaders;
}
