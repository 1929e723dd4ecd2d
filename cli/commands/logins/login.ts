import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { isStatusError } from '#api/machinery/status-error';
import { kubeconfigToWrite, loginFolder } from '../../config.ts';
import type { CliContext } from '../../context.ts';
import { CliError } from '../../error-text.ts';
import { accountApi } from '../../login/account-api.ts';
import { addToKubeconfig, contextName } from '../../login/kubeconfig-file.ts';
import { loginFile, readLogin, writeLogin } from '../../login/login-file.ts';
import type { Login, Provider } from '../../login/login-file.ts';
import { addLoginServerFlags, findLoginServer, withErrors } from '../../login/login-server.ts';
import type { FoundServer, LoginServerFlags } from '../../login/login-server.ts';
import { ask, firstLineOf } from '../../login/prompt.ts';

interface LoginFlags extends LoginServerFlags {
  user?: string;
  passwordStdin?: boolean;
  oidc?: boolean;
  issuerUrl?: string;
  issuerCertificateAuthority?: string;
  clientId?: string;
  scopes: string;
  deviceCode?: boolean;
  namespace?: string;
  writeKubeconfig?: string;
}

/** `troupe login`: with the password of an account, or at an OpenID provider. */
export function register(program: Command, context: CliContext): void {
  const command = program
    .command('login')
    .description('log in, and let kubectl and troupe use that')
    .option('-u, --user <name>', 'name of the account; asked for when absent')
    .option('--password-stdin', 'read the password from standard input')
    .option('--oidc', 'log in at an OpenID provider that the server trusts')
    .option('--issuer-url <url>', 'of the provider')
    .option('--issuer-certificate-authority <file>', "of the provider's certificate, as PEM")
    .option('--client-id <id>', 'of troupe at the provider')
    .option('--scopes <scopes>', 'to ask the provider for', 'openid offline_access')
    .option('--device-code', 'with a code for a browser on any machine, in place of a browser on this one')
    .option('-n, --namespace <name>', 'of the context; absent: the one it has, else your own')
    .option('--write-kubeconfig <file>', 'add the context to this file, in place of that of kubectl');
  addLoginServerFlags(command).action((flags: LoginFlags) =>
    withErrors(context, () => logIn(context, flags)),
  );
}

async function logIn(context: CliContext, flags: LoginFlags): Promise<void> {
  const server = await findLoginServer(context, flags);
  const login =
    flags.oidc === true
      ? await atProvider(context, server, flags)
      : await withPassword(context, server, flags);
  await writeLogin(loginFile(loginFolder(), login), login);
  const file = flags.writeKubeconfig ?? flags.kubeconfig ?? kubeconfigToWrite();
  const { namespace } = flags;
  const defaultNamespace = namespace ?? (await ownNamespace(login)) ?? server.namespace;
  await addToKubeconfig(file, { ...login, namespace, defaultNamespace });
  context.stdout.write(
    `Logged in as ${login.user}. The current context of ${file} is ${contextName(login)}.\n`,
  );
}

/** A provider's people have no account, and so no namespace of their own. */
async function ownNamespace(login: Login): Promise<string | undefined> {
  return login.provider === undefined ? accountApi(login).namespaceOf(login.tokens.token) : undefined;
}

async function withPassword(
  context: CliContext,
  { server, ca }: FoundServer,
  flags: LoginFlags,
): Promise<Login> {
  const user = flags.user ?? (await ask('User name: ', { secret: false, flag: '--user' }));
  const place = { server, user };
  const known = await readLogin(loginFile(loginFolder(), place));
  const password =
    flags.passwordStdin === true
      ? await firstLineOf(context.stdin)
      : await ask('Password: ', { secret: true, flag: '--password-stdin' });
  try {
    const { tokens, deviceToken } = await accountApi({ server, ca }).logIn(
      user,
      password,
      known?.deviceToken,
    );
    return { ...place, ...(ca === undefined ? {} : { ca }), tokens, deviceToken };
  } catch (error) {
    if (isStatusError(error, 'Unauthorized')) throw new CliError(error.message, { cause: error });
    throw error;
  }
}

async function providerOf(flags: LoginFlags): Promise<Provider> {
  const { issuerUrl: issuer, clientId: clientID, scopes, issuerCertificateAuthority: file } = flags;
  if (issuer === undefined || clientID === undefined) {
    throw new CliError('--oidc needs --issuer-url and --client-id');
  }
  const provider = { issuer, clientID, scopes };
  return file === undefined ? provider : { ...provider, ca: await readFile(file, 'utf8') };
}

async function atProvider(
  context: CliContext,
  { server, ca }: FoundServer,
  flags: LoginFlags,
): Promise<Login> {
  const provider = await providerOf(flags);
  const { loginByBrowser, loginByDevice } = await import('../../login/provider-login.ts');
  const aborted = new AbortController();
  const forget = context.onInterrupt(() => aborted.abort());
  try {
    const say = (text: string): void => void context.stderr.write(`${text}\n`);
    const options = { provider, say, signal: aborted.signal };
    const tokens = await (flags.deviceCode === true ? loginByDevice(options) : loginByBrowser(options));
    return { server, user: 'oidc', ...(ca === undefined ? {} : { ca }), tokens, provider };
  } finally {
    forget();
  }
}
