import { isStatusError, StatusError } from '#api/machinery/status-error';

/**
 * Why the cluster does not make an object, for people who know Troupe: the cluster's own words behind what is to be done.
 * A cluster that is away, or that fails by itself, stays what it is.
 */
export function explainRefusal(error: unknown, namespace: string): Error {
  if (!isStatusError(error)) return error as Error;
  const { message, reason, details } = error;
  const as = (text: string, kind = reason): StatusError => new StatusError(kind, text, { cause: error });
  if (reason === 'NotFound' && details?.kind === 'namespaces') {
    const how = `run \`kubectl create namespace ${namespace}\`, or name another one with --kubernetes-namespace`;
    return as(`the cluster has no namespace ${namespace}: ${how}`);
  }
  if (reason === 'Unauthorized') {
    return as('the cluster does not accept the credential of the executor manager', 'ServiceUnavailable');
  }
  if (reason !== 'Forbidden') return error;
  if (/exceeded quota|must specify .*quota/i.test(message)) {
    // Another attempt may find room.
    return as(`the quota of the namespace ${namespace} leaves no room: ${message}`, 'InternalError');
  }
  if (/violates PodSecurity/i.test(message))
    return as(`the Pod Security Standard of the namespace ${namespace} refuses the sandbox: ${message}`);
  if (/ cannot \w+ resource /.test(message)) {
    return as(
      `the executor manager lacks a right in the cluster: ${message} (docs/kubernetes.md has the Role)`,
    );
  }
  return as(`the cluster refuses the sandbox: ${message}`);
}
