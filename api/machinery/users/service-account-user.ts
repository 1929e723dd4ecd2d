import { dnsLabelProblems, subdomainProblems } from '../object-name.ts';

/** How a ServiceAccount is called as a user (apiserver pkg/authentication/serviceaccount/util.go). */
const PREFIX = 'system:serviceaccount:';
const ALL_SERVICE_ACCOUNTS = 'system:serviceaccounts';

interface ServiceAccountName {
  namespace: string;
  name: string;
}

/** The group of all ServiceAccounts of a namespace. */
export const namespaceAccountsGroup = (namespace: string): string => `${ALL_SERVICE_ACCOUNTS}:${namespace}`;

/** The groups that each ServiceAccount of a namespace is in. */
export const serviceAccountGroups = (namespace: string): string[] => [
  ALL_SERVICE_ACCOUNTS,
  namespaceAccountsGroup(namespace),
];

/** Undefined for the name of any other user. */
export function parseServiceAccountUserName(userName: string): ServiceAccountName | undefined {
  if (!userName.startsWith(PREFIX)) return undefined;
  const [namespace = '', name = '', ...rest] = userName.slice(PREFIX.length).split(':');
  const isOne =
    rest.length === 0 && dnsLabelProblems(namespace).length === 0 && subdomainProblems(name).length === 0;
  return isOne ? { namespace, name } : undefined;
}
