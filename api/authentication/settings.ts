import type { FrontProxyHeaders } from './front-proxy.ts';

/** Ways to log in that an operator turns on; flags of kube-apiserver say the same. */
export interface AuthenticationSettings {
  /** PEM of those who sign certificates of users. */
  clientCAFile?: string;
  frontProxy?: FrontProxySettings;
}

export interface FrontProxySettings {
  /** PEM of those who sign certificates of proxies. */
  clientCAFile: string;
  /** Common names of such certificates; empty: any. */
  allowedNames: readonly string[];
  headers: FrontProxyHeaders;
}
