import type { FrontProxyHeaders } from './front-proxy.ts';
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
}

export interface FrontProxySettings {
  /** PEM of those who sign certificates of proxies. */
  clientCAFile: string;
  /** Common names of such certificates; empty: any. */
  allowedNames: readonly string[];
  headers: FrontProxyHeaders;
}
