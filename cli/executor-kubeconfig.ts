import { stringify } from 'yaml';

export interface ExecutorAccess {
  server: string;
  /** PEM; absent: the authorities of the system. */
  caCertificate: string | undefined;
  /** Of the Executor. */
  name: string;
  token: string;
}

/** A kubeconfig for the manager of one executor. */
export function executorKubeconfig({ server, caCertificate, name, token }: ExecutorAccess): string {
  const authority = caCertificate && Buffer.from(caCertificate).toString('base64');
  const cluster = { server, ...(authority !== undefined && { 'certificate-authority-data': authority }) };
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'troupe', cluster }],
    users: [{ name, user: { token } }],
    contexts: [{ name: 'troupe', context: { cluster: 'troupe', user: name } }],
    'current-context': 'troupe',
  });
}
