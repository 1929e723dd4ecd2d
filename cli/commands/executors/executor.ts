import type { Command } from 'commander';
import { TROUPE_GROUP } from '#api/machinery/group-version-kind';
import { EXECUTOR_NAMESPACE } from '#api/machinery/users/process-account';
import { isStatusError } from '#api/machinery/status-error';
import type { CliContext } from '../../context.ts';
import { parseDuration } from '../../duration.ts';
import { CliError } from '../../error-text.ts';
import { executorKubeconfig } from '../../executor-kubeconfig.ts';
import { addServerFlags, withSession } from '../../session.ts';
import type { ConnectionFlags, Session } from '../../session.ts';
import { executorNameOf } from './executor-name.ts';
import { registerJoinTokens } from './join-token.ts';

const EXECUTORS = `/apis/${TROUPE_GROUP}/v1alpha1/executors`;
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
      'print a kubeconfig for the executor manager of another machine, which renews its token by itself; token create needs no copy of a file',
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
  registerJoinTokens(command, context);
  addServerFlags(
    command
      .command('delete')
      .description('remove an Executor and end its credentials; drain it first')
      .argument('<name>', 'name of the Executor'),
  ).action((name: string, flags: ConnectionFlags) =>
    withSession(context, flags, (session) => deleteExecutor(session, name)),
  );
}

/** Its account first: from then on its manager can write nothing, and make no other Executor of that name. */
async function deleteExecutor({ connection, print }: Session, given: string): Promise<void> {
  const name = executorNameOf(given);
  const paths = [`${ACCOUNTS}/${encodeURIComponent(name)}`, `${EXECUTORS}/${encodeURIComponent(name)}`];
  let found = false;
  for (const path of paths) {
    try {
      await connection.transport.send({ method: 'DELETE', path });
      found = true;
    } catch (error) {
      if (!isStatusError(error, 'NotFound')) throw error;
    }
  }
  if (!found) throw new CliError(`there is no executor "${name}"`);
  print(`executor.agent.wecode.io/${name} deleted; its credentials are refused from now on`);
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
  context.data.write(executorKubeconfig({ server, caCertificate, name, token: status.token }));
}
