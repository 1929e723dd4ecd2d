import type { Command } from 'commander';
import { stringify } from 'yaml';
import { EXECUTOR_NAMESPACE } from '#api/machinery/users/process-account';
import { isStatusError } from '#api/machinery/status-error';
import type { CliContext } from '../../context.ts';
import { parseDuration } from '../../duration.ts';
import { CliError } from '../../error-text.ts';
import { addServerFlags, withSession } from '../../session.ts';
import type { ConnectionFlags, Session } from '../../session.ts';

/** The accounts of executor managers. */
const ACCOUNTS = `/api/v1/namespaces/${EXECUTOR_NAMESPACE}/serviceaccounts`;

interface JoinFlags extends ConnectionFlags {
  duration: number;
  server?: string;
}

/** `troupe executor`: machines that run sandboxes. */
export function register(program: Command, context: CliContext): void {
  const command = program.command('executor').description('let other machines run sandboxes');
  const join = command
    .command('join')
    .description(
      'print a kubeconfig for the executor manager of another machine, which renews its token by itself',
    )
    .argument('<name>', 'name of the Executor')
    .option('--server <url>', 'address of the API server as that machine reaches it')
    .option(
      '--duration <time>',
      'how long a token is good: so long may the machine be switched off',
      parseDuration,
      30 * 24 * 60 * 60 * 1000,
    );
  addServerFlags(join).action((name: string, flags: JoinFlags) =>
    withSession(context, flags, (session) => joinExecutor(session, name, flags)),
  );
}

async function joinExecutor(session: Session, name: string, flags: JoinFlags): Promise<void> {
  const { connection, context } = session;
  const { transport, caCertificate } = connection;
  const body = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } };
  try {
    await transport.send({ method: 'POST', path: ACCOUNTS, body });
  } catch (error) {
    if (!isStatusError(error, 'AlreadyExists')) throw error;
  }
  const { text } = await transport.send({
    method: 'POST',
    path: `${ACCOUNTS}/${encodeURIComponent(name)}/token`,
    body: {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { expirationSeconds: Math.round(flags.duration / 1000) },
    },
  });
  const { status } = JSON.parse(text) as { status?: { token?: string } };
  if (status?.token === undefined) throw new CliError('the server has answered without a token');
  const server = flags.server ?? connection.server;
  context.data.write(kubeconfig({ server, caCertificate, name, token: status.token }));
}

interface Joined {
  server: string;
  caCertificate: string | undefined;
  name: string;
  token: string;
}

function kubeconfig({ server, caCertificate, name, token }: Joined): string {
  const authority = caCertificate && Buffer.from(caCertificate).toString('base64');
  const cluster = { server, ...(authority !== undefined && { 'certificate-authority-data': authority }) };
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'troupe', cluster }],
    users: [{ name, user: { token } }],
    contexts: [{ name: 'troupe', context: { cluster: 'troupe', user: name } }],
    'current-context': 'troupe',
  });
}
