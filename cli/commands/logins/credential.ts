import type { Command } from 'commander';
import { formatTime } from '#api/machinery/clock';
import { loginFolder } from '../../config.ts';
import type { CliContext } from '../../context.ts';
import { currentToken } from '../../login/current-token.ts';
import type { LoginPlace } from '../../login/login-file.ts';
import { withErrors } from '../../login/login-server.ts';

/** `troupe credential`: what kubectl and others call for a token (client.authentication.k8s.io, KEP-541). */
export function register(program: Command, context: CliContext): void {
  program
    .command('credential', { hidden: true })
    .description('print the credential of a login, as kubectl asks for it')
    .requiredOption('--server <url>')
    .requiredOption('--user <name>')
    .action((place: LoginPlace) => withErrors(context, () => printCredential(context, place)));
}

async function printCredential(context: CliContext, { server, user }: LoginPlace): Promise<void> {
  const { token, expiresAt } = await currentToken({
    server,
    user,
    folder: loginFolder(),
    clock: context.clock,
  });
  const credential = {
    apiVersion: 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    status: { token, expirationTimestamp: formatTime(expiresAt) },
  };
  await context.writeBytes(Buffer.from(`${JSON.stringify(credential)}\n`));
}
