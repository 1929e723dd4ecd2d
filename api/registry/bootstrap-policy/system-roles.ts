import { AUTHENTICATED_GROUP, MASTERS_GROUP, UNAUTHENTICATED_GROUP } from '../../machinery/users/user.ts';
import { AUTHENTICATION_TRUST } from '../authentication-trust/authentication-trust.ts';
import type { BootstrapBinding, BootstrapRole } from './bootstrap-role.ts';
import { allow, allowPaths, AUTHENTICATION, AUTHORIZATION, clusterRole, CORE, group, READ } from './rules.ts';

const HEALTH = ['/livez', '/readyz', '/healthz'];
const HEALTH_CHECKS = ['/livez/*', '/readyz/*', '/healthz/*'];
/** For those who do not speak Kubernetes. */
const REST_HEALTH = '/api/v1/health';
const REST_HEALTH_PARTS = '/api/v1/health/*';
const VERSION = ['/version', '/version/'];
/** HEAD tells less than GET; kube-apiserver has it for no role, but health checkers of load balancers use it. */
const LOOK = ['get', 'head'];

/** Roles of the server as a whole, as kube-apiserver has them. */
export const SYSTEM_ROLES: readonly BootstrapRole[] = [
  {
    name: 'cluster-admin',
    rules: [allow(['*'], '*', ['*']), allowPaths(['*'], ['*'])],
  },
  {
    // A client needs these paths to find out the resources that it can ask for.
    name: 'system:discovery',
    rules: [
      allowPaths(
        ['get'],
        [...HEALTH, ...VERSION, '/openapi', '/openapi/*', '/api', '/api/*', '/apis', '/apis/*'],
      ),
    ],
  },
  {
    name: 'system:monitoring',
    rules: [
      allowPaths(['get'], ['/metrics', '/metrics/slis', ...HEALTH, ...HEALTH_CHECKS]),
      allowPaths(['get'], [REST_HEALTH, REST_HEALTH_PARTS]),
    ],
  },
  {
    // Everybody may find this out about himself.
    name: 'system:basic-user',
    rules: [
      allow(['create'], AUTHORIZATION, ['selfsubjectaccessreviews', 'selfsubjectrulesreviews']),
      allow(['create'], AUTHENTICATION, ['selfsubjectreviews']),
    ],
  },
  {
    // Each check has a path of its own that tells no more than whether it passes.
    name: 'system:public-info-viewer',
    rules: [allowPaths(LOOK, [...HEALTH, ...HEALTH_CHECKS, ...VERSION, REST_HEALTH])],
  },
  {
    // A service that trusts tokens of ServiceAccounts needs these; programs with such a token may know them.
    name: 'system:service-account-issuer-discovery',
    rules: [
      allowPaths(['get'], ['/.well-known/openid-configuration', '/.well-known/openid-configuration/']),
      allowPaths(['get'], ['/openid/v1/jwks', '/openid/v1/jwks/']),
    ],
  },
  {
    // For servers behind this one, which trust the same front proxies.
    name: 'extension-apiserver-authentication-reader',
    namespace: AUTHENTICATION_TRUST.namespace,
    rules: [
      {
        ...allow(READ, CORE, ['configmaps']),
        resourceNames: [AUTHENTICATION_TRUST.name],
      },
    ],
  },
  {
    // For servers that leave to this one who their clients are and what they may do.
    name: 'system:auth-delegator',
    rules: [
      allow(['create'], AUTHENTICATION, ['tokenreviews']),
      allow(['create'], AUTHORIZATION, ['subjectaccessreviews']),
    ],
  },
];

const authenticated = group(AUTHENTICATED_GROUP);

export const SYSTEM_BINDINGS: readonly BootstrapBinding[] = [
  bindingOf('cluster-admin', group(MASTERS_GROUP)),
  bindingOf('system:monitoring', group('system:monitoring')),
  bindingOf('system:discovery', authenticated),
  bindingOf('system:basic-user', authenticated),
  bindingOf('system:public-info-viewer', authenticated, group(UNAUTHENTICATED_GROUP)),
  bindingOf('system:service-account-issuer-discovery', group('system:serviceaccounts')),
];

/** Under the name of the role, as kube-apiserver does. */
function bindingOf(role: string, ...subjects: BootstrapBinding['subjects']): BootstrapBinding {
  return { name: role, role: clusterRole(role), subjects };
}
