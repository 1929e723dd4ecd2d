import { existsSync } from 'node:fs';
import { go, GO_IS_MISSING } from '../go/go.ts';
import { installPackages } from '../packages.ts';
import { findProgram, runProgram } from '../program.ts';

/** Debian's programs that a node needs, by the package that has each. */
const PACKAGES: Readonly<Record<string, string>> = {
  containerd: 'containerd',
  runc: 'runc',
  iptables: 'iptables',
  ipset: 'ipset',
  ip: 'iproute2',
  openssl: 'openssl',
  nsenter: 'util-linux',
};
/** The plugins of containerd's network, where Debian puts them. */
export const CNI_FOLDER = '/usr/lib/cni';

/** Why this machine cannot start a node, as a sentence; undefined when it can. */
export async function whyNoCluster(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'a node of Kubernetes needs Linux';
  if (process.arch !== 'x64') return 'the programs of the node are built and tried on x86-64 only';
  if (process.getuid?.() !== 0) return 'only root can start a node of Kubernetes';
  if (!existsSync('/dev/kmsg')) return 'the kubelet needs /dev/kmsg, which is missing';
  if ((await go()) === undefined) return GO_IS_MISSING;
  const unshare = await findProgram('unshare');
  if (unshare === undefined) return 'unshare is missing (package util-linux)';
  return runProgram(unshare, ['--net', '--mount', '--pid', '--fork', '--mount-proc', 'true']).then(
    () => undefined,
    (error: unknown) => `this machine allows no namespaces: ${String(error)}`,
  );
}

/** Installs what is missing of Debian's programs. */
export async function installNodePrograms(): Promise<void> {
  const missing: string[] = existsSync(CNI_FOLDER) ? [] : ['containernetworking-plugins'];
  for (const [program, name] of Object.entries(PACKAGES)) {
    if ((await findProgram(program)) === undefined) missing.push(name);
  }
  if (missing.length === 0) return;
  await installPackages(missing, {
    purpose: 'to start a node of Kubernetes',
    otherwise: 'install these programs yourself.',
  });
}
