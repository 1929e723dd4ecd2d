import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import type { ApiAuthentication } from '#api/config';
import { CONTROLLERS_ACCOUNT, executorAccount } from '#api/machinery/users/process-account';
import type { ProcessAccount } from '#api/machinery/users/process-account';
import { CliError } from '../../error-text.ts';
import { toPath } from './flag-values.ts';

/** Flags about processes of ours that are Pods of a cluster. */
export interface ClusterAccountFlags {
  clusterAccount?: ClusterAccount[];
  clusterKubeconfig?: string;
}

interface ClusterAccount {
  cluster: ProcessAccount;
  process: ProcessAccount;
}

export function addClusterAccountFlags(command: Command): Command {
  return command
    .option(
      '--cluster-account <namespace/name=process>',
      'ServiceAccount of the cluster around this server whose Pods are controllers, or executor/NAME; again for more',
      addAccount,
    )
    .option(
      '--cluster-kubeconfig <file>',
      'kubeconfig of that cluster, to ask it whose tokens they are (that of this Pod)',
      toPath,
    );
}

/** The settings that the flags give. @throws CliError for a kubeconfig that nothing needs */
export function clusterAccountsOf({
  clusterAccount,
  clusterKubeconfig,
}: ClusterAccountFlags): Pick<ApiAuthentication, 'clusterAccounts'> {
  if (clusterAccount === undefined) {
    if (clusterKubeconfig === undefined) return {};
    throw new CliError('--cluster-kubeconfig needs --cluster-account');
  }
  return {
    clusterAccounts: {
      accounts: clusterAccount,
      ...(clusterKubeconfig === undefined ? {} : { kubeconfigFile: clusterKubeconfig }),
    },
  };
}

const NAME = '[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?';
const ACCOUNT = new RegExp(`^(${NAME})/(${NAME})=(?:controllers|executor/(${NAME}))$`);

function addAccount(text: string, accounts: ClusterAccount[] | undefined): ClusterAccount[] {
  const [, namespace, name, executor] = ACCOUNT.exec(text) ?? [];
  if (namespace === undefined || name === undefined) {
    throw new InvalidArgumentError(
      'expected NAMESPACE/NAME=controllers or NAMESPACE/NAME=executor/EXECUTOR, such as troupe/controllers=controllers',
    );
  }
  if (accounts?.some(({ cluster }) => cluster.namespace === namespace && cluster.name === name)) {
    throw new InvalidArgumentError(`${namespace}/${name} is a process already`);
  }
  const process = executor === undefined ? CONTROLLERS_ACCOUNT : executorAccount(executor);
  return [...(accounts ?? []), { cluster: { namespace, name }, process }];
}
