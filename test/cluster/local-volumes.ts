import { chmod, mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Client } from '#api/client/client';
import { runReflector } from '#api/client/reflector';
import type { KubeObject } from '#api/machinery/meta';
import type { ResourceType } from '#api/machinery/resource-type';
import { ignoreNotFound, isStatusError } from '#api/machinery/status-error';
import { CLAIMS } from '#executor-manager/drivers/kubernetes/cluster-objects';
import type { Claim } from '#executor-manager/drivers/kubernetes/cluster-objects';
import { witnessLogger } from '../kit/witness-logger.ts';

export interface LocalVolumesOptions {
  client: Client;
  /** Name of the only node. */
  node: string;
  /** A folder of the node, for the volumes. */
  folder: string;
  /** Name of the StorageClass. */
  name: string;
}

interface Volume extends KubeObject {
  spec: object;
}
interface StorageClass extends KubeObject {
  provisioner: string;
}

const VOLUMES: ResourceType<Volume> = {
  ...{ group: '', version: 'v1', kind: 'PersistentVolume', plural: 'persistentvolumes', namespaced: false },
};
const CLASSES: ResourceType<StorageClass> = {
  ...{ group: 'storage.k8s.io', version: 'v1', kind: 'StorageClass', plural: 'storageclasses' },
  namespaced: false,
};

/**
 * A StorageClass whose volumes are folders of the node, made when a claim asks and removed with it. The kubelet gives
 * them to the group of a Pod (fsGroup), which it does not with those of the provisioner that Kubernetes has for tests.
 */
export async function localVolumes(options: LocalVolumesOptions): Promise<AsyncDisposable> {
  const { client, name, folder } = options;
  const ending = new AbortController();
  const logger = witnessLogger('local volumes');
  let working: Promise<void> = Promise.resolve();
  const inTurn = (act: () => Promise<void>): void => {
    working = working.then(act).catch((error: unknown) => logger.error('failed', { error: String(error) }));
  };
  await mkdir(folder, { recursive: true });
  const isOurs = ({ spec }: Claim): boolean => spec.storageClassName === name;
  const provide = (claim: Claim): void => {
    if (isOurs(claim) && claim.spec.volumeName === undefined) inTurn(() => makeVolume(options, claim));
  };
  const metadata = { name };
  const made = { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata };
  await client.create(CLASSES, { ...made, provisioner: 'kubernetes.io/no-provisioner' });
  const watching = runReflector({
    ...{ client, type: CLAIMS, signal: ending.signal },
    target: {
      replace: (claims) => claims.forEach(provide),
      apply: (type, claim) => {
        if (type === 'ADDED') provide(claim);
        if (type === 'DELETED' && isOurs(claim)) inTurn(() => removeVolume(options, claim));
      },
    },
  });
  return {
    async [Symbol.asyncDispose]() {
      ending.abort(new Error('the tests are over'));
      await watching;
      await working;
      await ignoreNotFound(client.delete(CLASSES, { name }));
      await rm(folder, { recursive: true, force: true });
      logger[Symbol.dispose]();
    },
  };
}

async function makeVolume({ client, node, folder, name }: LocalVolumesOptions, claim: Claim): Promise<void> {
  const place = path.join(folder, claim.metadata.name);
  await mkdir(place, { recursive: true });
  await chmod(place, 0o750);
  const { namespace, name: claimName, uid } = claim.metadata;
  const volume: Volume = {
    ...{ apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: claimName } },
    spec: {
      storageClassName: name,
      capacity: claim.spec.resources?.requests,
      accessModes: claim.spec.accessModes,
      persistentVolumeReclaimPolicy: 'Retain',
      claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name: claimName, uid },
      local: { path: place },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [node] }] },
          ],
        },
      },
    },
  };
  try {
    await client.create(VOLUMES, volume);
  } catch (error) {
    if (!isStatusError(error, 'AlreadyExists')) throw error;
  }
}

async function removeVolume({ client, folder }: LocalVolumesOptions, claim: Claim): Promise<void> {
  const { name } = claim.metadata;
  await ignoreNotFound(client.delete(VOLUMES, { name }));
  await rm(path.join(folder, name), { recursive: true, force: true });
}
