import type { RegistryCredential } from '../../runtime/registry-credential.ts';
import type { PullSecret } from './cluster-objects.ts';
import { runtimeMeta } from './labels.ts';
import type { Owner } from './labels.ts';

/** For the kubelet that pulls the image of one Pod; it is there from before the Pod until its container runs. */
export function pullSecret(id: string, credential: RegistryCredential, owner: Owner): PullSecret {
  const { serveraddress, username, password } = credential;
  const auths = { [serveraddress]: { username, password } };
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: runtimeMeta(id, owner),
    type: 'kubernetes.io/dockerconfigjson',
    stringData: { '.dockerconfigjson': JSON.stringify({ auths }) },
  };
}
