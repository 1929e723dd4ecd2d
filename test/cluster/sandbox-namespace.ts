import { randomUUID } from 'node:crypto';
import type { Client } from '#api/client/client';
import { connect } from '#api/client/connect';
import type { ResourceType } from '#api/machinery/resource-type';
import type { Cluster } from '#dev/environment/kubernetes/cluster';
import { localVolumes } from './local-volumes.ts';
import { loadSandboxImage } from './sandbox-image.ts';

/** A namespace for sandboxes with the Pod Security Standard "restricted", a StorageClass and the image on the node. */
export interface SandboxNamespace extends AsyncDisposable {
  client: Client;
  /** Of an administrator of the cluster. */
  kubeconfig: string;
  namespace: string;
  storageClass: string;
  /** Of this machine, as Pods reach it. */
  machineAddress: string;
}

const namespaceless = { group: '', version: 'v1', namespaced: false } as const;
const NAMESPACES: ResourceType = { ...namespaceless, kind: 'Namespace', plural: 'namespaces' };
const NODES: ResourceType = { ...namespaceless, kind: 'Node', plural: 'nodes' };

export async function openSandboxNamespace(cluster: Cluster): Promise<SandboxNamespace> {
  await using stack = new AsyncDisposableStack();
  const { kubeconfig, machineAddress } = cluster;
  const { client } = stack.adopt(await connect({ kubeconfig }), (connection) => connection.close());
  const name = `sandboxes-${randomUUID().slice(0, 8)}`;
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  await client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } });
  stack.defer(() => client.delete(NAMESPACES, { name }));
  const [node] = (await client.list(NODES)).items;
  const folder = `/tmp/troupe-volumes-${name}`;
  stack.use(await localVolumes({ client, node: node?.metadata.name ?? '', folder, name }));
  await loadSandboxImage(cluster);
  const open = stack.move();
  return {
    ...{ client, kubeconfig, machineAddress, namespace: name, storageClass: name },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}
