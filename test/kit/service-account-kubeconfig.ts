import { copyFile } from 'node:fs/promises';
import { commandsFor } from './command.ts';

export interface AccountKubeconfig {
  /** Of the owner. */
  kubeconfig: string;
  /** Where the new one is written. */
  file: string;
  /** Of the ServiceAccount, in `default`. */
  name: string;
  /** Roles and bindings that give it rights, as YAML. */
  rights: string;
}

/** A kubeconfig of a ServiceAccount with the rights that a test gives it, made as an administrator would. */
export async function serviceAccountKubeconfig(options: AccountKubeconfig): Promise<void> {
  const { kubeconfig, file, name, rights } = options;
  const { apply, mustKubectl } = commandsFor(kubeconfig);
  await mustKubectl(['create', 'serviceaccount', name]);
  await apply(rights);
  const token = (await mustKubectl(['create', 'token', name])).trim();
  await copyFile(kubeconfig, file);
  const own = commandsFor(file);
  await own.mustKubectl(['config', 'set-credentials', name, `--token=${token}`]);
  await own.mustKubectl(['config', 'set-context', '--current', `--user=${name}`]);
  // Whoever could still use the owner's token would prove nothing.
  await own.mustKubectl(['config', 'delete-user', 'troupe']);
}
