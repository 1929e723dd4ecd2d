import { stringify } from 'yaml';
import { writePrivateFile } from './private-file.ts';

export interface KubeconfigOptions {
  url: string;
  /** PEM. */
  caCertificate: string;
  token: string;
}

const NAME = 'troupe';

/** A kubeconfig that needs no other file. */
export function kubeconfigText({ url, caCertificate, token }: KubeconfigOptions): string {
  const authority = Buffer.from(`${caCertificate}\n`).toString('base64');
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: NAME, cluster: { server: url, 'certificate-authority-data': authority } }],
    users: [{ name: NAME, user: { token } }],
    contexts: [{ name: NAME, context: { cluster: NAME, user: NAME, namespace: 'default' } }],
    'current-context': NAME,
  });
}

export function writeKubeconfig(file: string, options: KubeconfigOptions): Promise<void> {
  return writePrivateFile(file, kubeconfigText(options));
}
