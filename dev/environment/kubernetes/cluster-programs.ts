import { symlink } from 'node:fs/promises';
import path from 'node:path';
import { builtProgram } from '../go/go-builds.ts';

/** The names by which the one program of all components is called. */
const COMPONENTS = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubelet',
  'kube-proxy',
  'kubectl',
];

/** Asks the builder of this run for the programs of a node and links them, by their names, in `folder`, which exists. */
export async function linkPrograms(folder: string): Promise<void> {
  for (const name of ['coredns', 'network-policies', 'pause'])
    await symlink(await builtProgram(`kubernetes/${name}`), path.join(folder, name));
  const components = await builtProgram('kubernetes/kube');
  for (const name of COMPONENTS) await symlink(components, path.join(folder, name));
}
