import { connect, podContext } from '#api/client/connect';
import type { Connection } from '#api/client/connect';
import { badRequest } from '#api/machinery/status-error';
import type { KubernetesSettings } from './kubernetes-settings.ts';

/** The cluster that runs the Pods: another one than the API of Troupe, or the same. */
export interface ClusterConnection extends Pick<
  Connection,
  'client' | 'close' | 'dial' | 'server' | 'transport'
> {
  /** Of the Pods. */
  namespace: string;
  /** Of the manager's own Pod, where it runs in one. */
  managerNamespace: string;
}

/**
 * Opens a connection; the cluster need not be there yet.
 * @throws StatusError BadRequest without a usable kubeconfig, and outside of a cluster without one
 */
export async function connectCluster(settings: KubernetesSettings): Promise<ClusterConnection> {
  const { kubeconfig, context } = settings;
  if (kubeconfig === undefined && (await podContext()) === undefined)
    throw badRequest('--driver kubernetes needs --kubernetes-kubeconfig outside of a cluster');
  const connection = await connect({
    userAgent: 'troupe-executor-manager',
    ...(kubeconfig === undefined ? { inPod: true } : { kubeconfig }),
    ...(context !== undefined && { context }),
  });
  return {
    ...connection,
    namespace: settings.namespace ?? connection.namespace,
    managerNamespace: connection.namespace,
  };
}
