import { Option } from 'commander';
import type { Command } from 'commander';
import { parseDuration } from '../../duration.ts';
import { addValue, toPath } from './flag-values.ts';

/** Of the executor manager, for `--driver kubernetes`. */
export interface KubernetesDriverFlags {
  kubernetesNamespace?: string;
  kubernetesKubeconfig?: string;
  kubernetesContext?: string;
  kubernetesPodTemplate?: string;
  kubernetesRuntimeClass?: string;
  kubernetesWorkspace?: string;
  kubernetesStorageClass?: string;
  kubernetesReach?: string;
  kubernetesIngressFrom?: string[];
  kubernetesEgress?: string[];
  /** Milliseconds. */
  kubernetesStartTimeout?: number;
}

export function addKubernetesFlags(command: Command): Command {
  const flag = (flags: string, description: string): Option =>
    new Option(flags, `--driver kubernetes: ${description}`);
  return command
    .addOption(
      flag(
        '--kubernetes-namespace <name>',
        "namespace of the sandboxes' Pods (the manager's own, or that of the kubeconfig)",
      ),
    )
    .addOption(
      flag(
        '--kubernetes-kubeconfig <file>',
        'kubeconfig of the cluster (the service account of the Pod)',
      ).argParser(toPath),
    )
    .addOption(flag('--kubernetes-context <name>', 'context of that kubeconfig (its current one)'))
    .addOption(
      flag(
        '--kubernetes-pod-template <file>',
        'file with node selector, tolerations, affinity, labels, pull secrets, requests of the Pods',
      ).argParser(toPath),
    )
    .addOption(flag('--kubernetes-runtime-class <name>', 'RuntimeClass of the Pods, such as gvisor'))
    .addOption(
      flag(
        '--kubernetes-workspace <kind>',
        'claim (default) keeps workspaces in PersistentVolumeClaims; ephemeral in their Pods',
      ).choices(['claim', 'ephemeral']),
    )
    .addOption(
      flag('--kubernetes-storage-class <name>', "StorageClass of workspaces (the cluster's default)"),
    )
    .addOption(
      flag(
        '--kubernetes-reach <way>',
        "how runners are reached: pod-ip (default in a cluster) or port-forward through the cluster's API (default with a kubeconfig)",
      ).choices(['pod-ip', 'port-forward']),
    )
    .addOption(
      flag(
        '--kubernetes-ingress-from <who>',
        "who may call runners: a network, or a label KEY=VALUE of the manager's Pods, again for more (app.kubernetes.io/component=executor-manager)",
      ).argParser(addValue),
    )
    .addOption(
      flag(
        '--kubernetes-egress <network>',
        'networks that sandboxes may call beside DNS: public (default), any, none or a network, again for more',
      ).argParser(addValue),
    )
    .addOption(
      flag(
        '--kubernetes-start-timeout <duration>',
        'how long a Pod may take for its node, volume and image (10m)',
      ).argParser(parseDuration),
    );
}

/** As the configuration of the executor manager has it, which judges the values. */
export function kubernetesSettings(flags: KubernetesDriverFlags) {
  const timeout = flags.kubernetesStartTimeout;
  return {
    ...(flags.kubernetesNamespace !== undefined && { namespace: flags.kubernetesNamespace }),
    ...(flags.kubernetesKubeconfig !== undefined && { kubeconfig: flags.kubernetesKubeconfig }),
    ...(flags.kubernetesContext !== undefined && { context: flags.kubernetesContext }),
    ...(flags.kubernetesPodTemplate !== undefined && { podTemplate: flags.kubernetesPodTemplate }),
    ...(flags.kubernetesRuntimeClass !== undefined && { runtimeClass: flags.kubernetesRuntimeClass }),
    ...(flags.kubernetesWorkspace !== undefined && { workspace: flags.kubernetesWorkspace }),
    ...(flags.kubernetesStorageClass !== undefined && { storageClass: flags.kubernetesStorageClass }),
    ...(flags.kubernetesReach !== undefined && { reach: flags.kubernetesReach }),
    ...(flags.kubernetesIngressFrom !== undefined && { ingressFrom: flags.kubernetesIngressFrom }),
    ...(flags.kubernetesEgress !== undefined && { egress: flags.kubernetesEgress }),
    ...(timeout !== undefined && { startTimeoutSeconds: Math.ceil(timeout / 1000) }),
  };
}
