import type { Claim } from './cluster-objects.ts';
import { runtimeMeta } from './labels.ts';
import type { Owner } from './labels.ts';

/** The workspace of a runtime as a volume of its own, which one node mounts at a time. */
export function workspaceClaim(
  { id, bytes }: { id: string; bytes: number },
  { storageClass, ...owner }: Owner & { storageClass?: string | undefined },
): Claim {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: runtimeMeta(id, owner),
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: String(Math.ceil(bytes)) } },
      ...(storageClass !== undefined && { storageClassName: storageClass }),
    },
  };
}
