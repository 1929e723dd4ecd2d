import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { formatTime } from '#api/machinery/clock';
import { formatAge } from '#api/machinery/duration';
import { TROUPE_GROUP } from '#api/machinery/group-version-kind';
import { JOIN_PATH, makeJoinToken } from '#api/types/join-token';
import type { JoinAuthority } from '#api/types/join-token';
import { authorityHash, certificatesIn } from '../../authority-hash.ts';
import type { CliContext } from '../../context.ts';
import { parseDuration } from '../../duration.ts';
import { CliError } from '../../error-text.ts';
import { addServerFlags, withSession } from '../../session.ts';
import type { ConnectionFlags, Session } from '../../session.ts';
import { alignLines } from '../../table.ts';
import { executorNameOf } from './executor-name.ts';

const PATH = `/apis/${TROUPE_GROUP}/v1alpha1/jointokens`;
const HOUR_MS = 60 * 60 * 1000;
/** It is for a machine that somebody sets up now. */
const LONGEST_MS = 7 * 24 * HOUR_MS;

interface CreateFlags extends ConnectionFlags {
  description?: string;
  prefix?: string;
  server?: string;
  ttl: number;
}

interface JoinToken {
  metadata: { name: string; creationTimestamp: string };
  spec: { description?: string; executorName?: string; executorNamePrefix?: string; expirationTime: string };
  status?: { executorName?: string; usedTime?: string };
}

/** `troupe executor token`: short-lived tokens by which machines become Executors. */
export function registerJoinTokens(executor: Command, context: CliContext): void {
  const token = executor
    .command('token')
    .description('tokens by which other machines become Executors, once');
  const create = token
    .command('create')
    .description('make one, and print the command for the other machine; it is shown this once')
    .argument('[name]', 'the Executor that the machine becomes')
    .option('--prefix <prefix>', 'in place of a name: any new Executor whose name begins so')
    .option('--ttl <duration>', 'for how long it may be used, 168h at most', parseTtl, HOUR_MS)
    .option('--server <url>', 'address of the API server as that machine reaches it')
    .option('--description <text>', 'the purpose, for people');
  addServerFlags(create).action((name: string | undefined, flags: CreateFlags) =>
    withSession(context, flags, (session) => createToken(session, name, flags)),
  );
  addServerFlags(token.command('list').description('show them')).action((flags: ConnectionFlags) =>
    withSession(context, flags, listTokens),
  );
  addServerFlags(
    token
      .command('revoke')
      .description('make one void; a machine that has joined with it stays')
      .argument('<token>', 'as list shows it'),
  ).action((given: string, flags: ConnectionFlags) =>
    withSession(context, flags, async ({ connection, print }) => {
      // Whoever has the token itself at hand may give that; the secret behind the dot is not sent.
      const [id = ''] = given.split('.');
      await connection.transport.send({ method: 'DELETE', path: `${PATH}/${encodeURIComponent(id)}` });
      print(`join token ${id} revoked`);
    }),
  );
}

function parseTtl(text: string): number {
  const ms = parseDuration(text);
  if (ms > 0 && ms <= LONGEST_MS) return ms;
  throw new InvalidArgumentError('expected a duration of at most 168h');
}

async function createToken(session: Session, name: string | undefined, flags: CreateFlags): Promise<void> {
  const { connection, context, print } = session;
  const { description, prefix, ttl } = flags;
  if ((name === undefined) === (prefix === undefined)) {
    throw new CliError('give either the name of an Executor or --prefix');
  }
  const { id, token, tokenHash } = makeJoinToken();
  const authority = await authorityFlag(session);
  await connection.transport.send({
    method: 'POST',
    path: PATH,
    body: {
      apiVersion: `${TROUPE_GROUP}/v1alpha1`,
      kind: 'JoinToken',
      metadata: { name: id },
      spec: {
        ...(name === undefined ? { executorNamePrefix: prefix } : { executorName: executorNameOf(name) }),
        ...(description === undefined ? {} : { description }),
        tokenHash,
        expirationTime: formatTime(context.clock.now() + ttl),
      },
    },
  });
  const whom = name === undefined ? `an executor ${prefix ?? ''}…` : `the executor ${executorNameOf(name)}`;
  context.stderr.write(`For ${whom}, once, within ${formatAge(ttl)}; the token is not shown again:\n`);
  const server = flags.server ?? connection.server;
  print(['troupe executor-manager', `--join ${server}`, `--token ${token}`, ...authority].join(' '));
}

/**
 * How the machine knows the server: by the hash of its authority. A server behind a certificate of somebody else shows its own
 * authority in vain; the machine needs that other one as a file, unless its system knows it.
 */
async function authorityFlag({ connection, context }: Session): Promise<string[]> {
  const { caCertificate, transport } = connection;
  if (caCertificate === undefined) return [];
  const { text } = await transport.send({ method: 'GET', path: JOIN_PATH });
  const shown = new Set(
    certificatesIn((JSON.parse(text) as JoinAuthority).certificate_authority).map(authorityHash),
  );
  const known = certificatesIn(caCertificate).map(authorityHash);
  const common = known.find((one) => shown.has(one));
  if (common !== undefined) return [`--ca-hash sha256:${common}`];
  context.stderr.write(
    'The server is behind a certificate that it has not signed: give the machine the authority of your kubeconfig as a file.\n',
  );
  return ['--ca-cert ca.crt'];
}

async function listTokens({ connection: { transport }, context }: Session): Promise<void> {
  const { text } = await transport.send({ method: 'GET', path: PATH });
  const { items } = JSON.parse(text) as { items: JoinToken[] };
  const now = context.clock.now();
  const rows = items.map(({ metadata, spec, status }) => [
    metadata.name,
    spec.executorName ?? `${spec.executorNamePrefix ?? ''}…`,
    stateOf({ spec, status }, now),
    status?.executorName ?? '',
    spec.description ?? '',
    formatAge(now - Date.parse(metadata.creationTimestamp)),
  ]);
  if (rows.length === 0) context.stderr.write('No join tokens found\n');
  else
    context.stdout.write(
      alignLines([['TOKEN', 'EXECUTOR', 'STATE', 'JOINED', 'DESCRIPTION', 'AGE'], ...rows]),
    );
}

function stateOf(
  { spec, status }: Pick<JoinToken, 'spec'> & { status: JoinToken['status'] },
  now: number,
): string {
  if (status?.usedTime !== undefined) return 'used';
  const left = Date.parse(spec.expirationTime) - now;
  return left > 0 ? `good for ${formatAge(left)}` : 'expired';
}
