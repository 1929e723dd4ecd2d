import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { addClusterAccountFlags, clusterAccountsOf } from './cluster-account-flags.ts';
import type { ClusterAccountFlags } from './cluster-account-flags.ts';

function parse(...args: string[]): ReturnType<typeof clusterAccountsOf> {
  const command = addClusterAccountFlags(
    new Command().exitOverride().configureOutput({ writeErr: () => undefined }),
  );
  return clusterAccountsOf(command.parse(args, { from: 'user' }).opts<ClusterAccountFlags>());
}

describe('clusterAccountsOf', () => {
  it('names the processes', () => {
    const flags = [
      '--cluster-account=troupe/brains=controllers',
      '--cluster-account=troupe/hands=executor/pods',
    ];
    expect(parse(...flags, '--cluster-kubeconfig=/k')).toEqual({
      clusterAccounts: {
        kubeconfigFile: '/k',
        accounts: [
          {
            cluster: { namespace: 'troupe', name: 'brains' },
            process: { namespace: 'kube-system', name: 'troupe-controllers' },
          },
          {
            cluster: { namespace: 'troupe', name: 'hands' },
            process: { namespace: 'troupe-executors', name: 'pods' },
          },
        ],
      },
    });
  });

  it.each([
    ['nobody', 'brains=controllers'],
    ['no process', 'troupe/brains'],
    ['the owner, whom no Pod needs to be', 'troupe/brains=system:masters'],
    ['an executor without a name', 'troupe/hands=executor/'],
    ['a name that is none', 'troupe/Hands=controllers'],
  ])('refuses %s', (_reason, text) => {
    expect(() => parse(`--cluster-account=${text}`)).toThrow('expected NAMESPACE/NAME=controllers');
  });

  it('refuses an account that would be two processes', () => {
    const [one, other] = ['controllers', 'executor/pods'].map((as) => `--cluster-account=troupe/a=${as}`);
    expect(() => parse(one ?? '', other ?? '')).toThrow('troupe/a is a process already');
  });

  it('refuses a cluster that nobody asks', () => {
    expect(() => parse('--cluster-kubeconfig=/k')).toThrow('--cluster-kubeconfig needs --cluster-account');
  });
});
