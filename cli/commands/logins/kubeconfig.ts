import type { Command } from 'commander';
import { stringify } from 'yaml';
import { loginFolder } from '../../config.ts';
import type { CliContext } from '../../context.ts';
import { CliError } from '../../error-text.ts';
import { addToKubeconfig, contextName, kubeconfigOf } from '../../login/kubeconfig-file.ts';
import { loginFile, readLogin } from '../../login/login-file.ts';
import { addLoginServerFlags, findLoginServer, withErrors } from '../../login/login-server.ts';
import type { LoginServerFlags } from '../../login/login-server.ts';

interface KubeconfigFlags extends LoginServerFlags {
  user: string;
  namespace?: string;
  output?: string;
}

/** `troupe kubeconfig`: a kubeconfig for a login, without a secret in it. */
export function register(program: Command, context: CliContext): void {
  const command = program
    .command('kubeconfig')
    .description('print a kubeconfig for a login; its credentials are renewed by troupe')
    .requiredOption('-u, --user <name>', 'name of the account, or oidc')
    .option('-n, --namespace <name>', 'namespace of the context')
    .option('-o, --output <file>', 'add it to this file');
  addLoginServerFlags(command).action((flags: KubeconfigFlags) =>
    withErrors(context, () => kubeconfig(context, flags)),
  );
}

async function kubeconfig(context: CliContext, flags: KubeconfigFlags): Promise<void> {
  const found = await findLoginServer(context, flags);
  const login = await readLogin(loginFile(loginFolder(), { server: found.server, user: flags.user }));
  if (login === undefined) throw new CliError(`nobody is logged in as ${flags.user} at ${found.server}`);
  const wanted = { ...login, namespace: flags.namespace };
  if (flags.output === undefined) {
    context.data.write(stringify(kubeconfigOf(wanted)));
    return;
  }
  await addToKubeconfig(flags.output, wanted);
  context.stdout.write(`Added the context ${contextName(wanted)} to ${flags.output}.\n`);
}
