import { stringify } from 'yaml';
import { writePrivateFile } from './private-file.ts';

export interface KubeconfigOptions {
  url: string;
  /** PEM. */
  caCertificate: string;
  /** The token itself, or the file that holds it, relative to the kubeconfig. */
  user: { token: string } | { tokenFile: string };
}

const NAME = 'troupe';

/** A kubeconfig that needs no other file but that of the token. */
export function kubeconfigText({ url, caCertificate, user }: KubeconfigOptions): string {
  const authority = Buffer.from(`${caCertificate}\n`).toString('base64');
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: NAME, cluster: { server: url, 'certificate-authority-data': authority } }],
    users: [{ name: NAME, user }],
    contexts: [{ name: NAME, context: { cluster: NAME, user: NAME, namespace: 'default' } }],
    'current-context': NAME,
  });
}

export function writeKubeconfig(file: string, options: KubeconfigOptions): Promise<void> {
  return writePrivateFile(file, kubeconfigText(options));
}
