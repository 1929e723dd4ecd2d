import { stringify } from 'yaml';
import { writePrivateFile } from './private-file.ts';

export interface KubeconfigOptions {
  url: string;
  /** PEM; undefined: the authorities of the client's system. */
  caCertificate: string | undefined;
  /** The token itself, or the file that holds it, relative to the kubeconfig. */
  user: { token: string } | { tokenFile: string };
}

const NAME = 'troupe';

/** A kubeconfig that needs no other file but that of the token. */
export function kubeconfigText({ url, caCertificate, user }: KubeconfigOptions): string {
  const authority = caCertificate && Buffer.from(`${caCertificate}\n`).toString('base64');
  const cluster = { server: url, ...(authority && { 'certificate-authority-data': authority }) };
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: NAME, cluster }],
    users: [{ name: NAME, user }],
    contexts: [{ name: NAME, context: { cluster: NAME, user: NAME, namespace: 'default' } }],
    'current-context': NAME,
  });
}

export function writeKubeconfig(file: string, options: KubeconfigOptions): Promise<void> {
  return writePrivateFile(file, kubeconfigText(options));
}
