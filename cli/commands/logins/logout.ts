import type { Command } from 'commander';
import { loginFolder } from '../../config.ts';
import type { CliContext } from '../../context.ts';
import { CliError, errorText } from '../../error-text.ts';
import { accountApi } from '../../login/account-api.ts';
import { accountNamed } from '../../login/kubeconfig-file.ts';
import { loginFile, readLogin, removeLogin } from '../../login/login-file.ts';
import { addLoginServerFlags, findLoginServer, withErrors } from '../../login/login-server.ts';
import type { LoginServerFlags } from '../../login/login-server.ts';

interface LogoutFlags extends LoginServerFlags {
  user?: string;
}

/** `troupe logout`: ends a session, and forgets it. */
export function register(program: Command, context: CliContext): void {
  const command = program
    .command('logout')
    .description('end a login')
    .option('-u, --user <name>', 'name of the account, or oidc; absent: that of the context');
  addLoginServerFlags(command).action((flags: LogoutFlags) =>
    withErrors(context, () => logOut(context, flags)),
  );
}

async function logOut(context: CliContext, flags: LogoutFlags): Promise<void> {
  const { server, userName } = await findLoginServer(context, flags);
  const user = flags.user ?? accountNamed(userName ?? '', server);
  if (user === undefined) throw new CliError('no context of a login is chosen: say who with --user');
  const file = loginFile(loginFolder(), { server, user });
  const login = await readLogin(file);
  if (login === undefined) throw new CliError(`nobody is logged in as ${user} at ${server}`);
  const { refreshToken } = login.tokens;
  await removeLogin(file);
  if (login.provider === undefined && refreshToken !== undefined) {
    await accountApi(login)
      .logOut(refreshToken)
      .catch((error: unknown) => {
        throw new CliError(`forgotten here, but the server was not told: ${errorText(error)}`, {
          cause: error,
        });
      });
  }
  context.stdout.write(`Logged out ${user}.\n`);
}
