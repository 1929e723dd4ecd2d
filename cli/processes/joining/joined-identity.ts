import { existsSync } from 'node:fs';
import path from 'node:path';
import type { AccountToken } from '#api/client/own-token';
import { formatTime, systemClock } from '#api/machinery/clock';
import { isStatusError } from '#api/machinery/status-error';
import { executorFolder } from '#executor-manager/config';
import { CliError } from '../../error-text.ts';
import type { JoinFlags } from './join-flags.ts';
import { joinServer } from './join-server.ts';

export interface JoinedIdentityOptions extends JoinFlags {
  dataDir: string;
  kubeconfig?: string;
  environment: Readonly<Record<string, string | undefined>>;
}

/** Below the data folder. */
const FOLDER = 'joined';
/** A server that hangs does not keep a manager from starting, which waits for it as for one that is away. */
const LOOK_MS = 5000;

/**
 * The kubeconfig of a machine that has joined, in its data folder; it joins now where it has none that is good and `join`
 * says where. So a unit file may keep its flags: the join token is looked at once. Undefined where nobody has joined.
 * @throws CliError for an identity that has ended and cannot be had again, and for all that keeps the machine from joining
 */
export async function joinedKubeconfig(options: JoinedIdentityOptions): Promise<string | undefined> {
  const { kubeconfig, join, dataDir } = options;
  if (kubeconfig !== undefined) {
    if (join !== undefined) throw new CliError('give either --join or --kubeconfig, not both');
    return undefined;
  }
  const file = path.join(dataDir, FOLDER, 'kubeconfig');
  const isThere = existsSync(file);
  if (!isThere && join === undefined) {
    if (options.token ?? options.tokenFile) throw new CliError('a join token needs --join URL');
    return undefined;
  }
  const problem = isThere ? await problemOf(file, options) : undefined;
  if (isThere && problem === undefined) return file;
  if (join === undefined) throw new CliError(problem ?? '');
  if (problem !== undefined && (options.token ?? options.tokenFile) === undefined)
    throw new CliError(problem);
  await joinServer(file, { ...options, join });
  return file;
}

/** Why the identity is of no use; undefined while it is, or nobody can say so. @throws CliError for one of another server */
async function problemOf(
  file: string,
  { join, dataDir }: JoinedIdentityOptions,
): Promise<string | undefined> {
  const { configuredToken, connect } = await import('#api/client/connect');
  const { keepNewest } = await import('#api/client/own-token');
  const given = await configuredToken({ kubeconfig: file });
  if (given === undefined) return `${file} holds no token of an executor; remove it and join again`;
  const tokenFile = path.join(executorFolder({ dataDir, executorName: given.name }), 'token');
  const newest = await keepNewest(tokenFile, given);
  await using connection = disposable(await connect({ kubeconfig: file, tokenFile }));
  const { server, transport } = connection.opened;
  if (join !== undefined && join !== server) {
    throw new CliError(
      `${dataDir} holds the identity of an executor of ${server}, not of ${join}: give another --data-dir, or remove ${path.dirname(file)}`,
    );
  }
  if (newest.expires <= systemClock.now()) return endedText(newest);
  try {
    await transport.send({
      method: 'POST',
      path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
      signal: AbortSignal.timeout(LOOK_MS),
    });
    return undefined;
  } catch (error) {
    // A server that is away says nothing about the identity.
    return isStatusError(error, 'Unauthorized') ? refusedText(newest, server) : undefined;
  }
}

const disposable = <T extends { close(): Promise<void> }>(opened: T) => ({
  opened,
  [Symbol.asyncDispose]: () => opened.close(),
});

const again = (name: string): string =>
  `make a join token (troupe executor token create ${name}) and start with --join, --token and --ca-hash`;

const endedText = ({ name, expires }: AccountToken): string =>
  `the token of the executor ${name} ended at ${formatTime(expires)}, while this machine was off: ${again(name)}`;

const refusedText = ({ name }: AccountToken, server: string): string =>
  `${server} refuses the token of the executor ${name}: it was removed, or another machine has joined as it: ${again(name)}`;
