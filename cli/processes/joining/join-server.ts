import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { describeError } from '#api/machinery/logger';
import { isStatusError } from '#api/machinery/status-error';
import { JOIN_PATH } from '#api/types/join-token';
import type { JoinedExecutor, JoinRequest } from '#api/types/join-token';
import { readExecutorManagerConfig } from '#executor-manager/config';
import { CliError } from '../../error-text.ts';
import { executorKubeconfig } from '../../executor-kubeconfig.ts';
import { writeWholeFile } from '../../whole-file.ts';
import type { JoinFlags } from './join-flags.ts';
import { serverAuthority, strangersTransport } from './server-authority.ts';

export interface JoinServerOptions extends JoinFlags {
  join: string;
  environment: Readonly<Record<string, string | undefined>>;
}

/**
 * Exchanges a join token for the identity of an Executor, which is kept in the kubeconfig `file`, for its owner alone.
 * @throws CliError that says why it does not work
 */
export async function joinServer(file: string, options: JoinServerOptions): Promise<void> {
  const { join: server } = options;
  const token = await joinToken(options);
  const claim = await ownClaim(file);
  const ca = await reach(server, () => serverAuthority({ ...options, server }));
  const transport = strangersTransport(server, ca === undefined ? {} : { ca });
  try {
    const body: JoinRequest = { token, claim, ...nameOf(options.environment) };
    const { text } = await reach(server, () => transport.send({ method: 'POST', path: JOIN_PATH, body }));
    const { name, token: identity } = JSON.parse(text) as JoinedExecutor;
    const content = executorKubeconfig({ server, caCertificate: ca, name, token: identity });
    await writePrivate(file, content);
    await rm(claimFile(file), { force: true });
  } finally {
    await transport.close();
  }
}

/** @throws CliError */
async function joinToken({ token, tokenFile }: JoinFlags): Promise<string> {
  if (token !== undefined && tokenFile !== undefined) {
    throw new CliError('give either --token or --token-file, not both');
  }
  if (token !== undefined) return token;
  if (tokenFile === undefined) {
    throw new CliError(
      'this machine has not joined yet: give a join token with --token or --token-file (troupe executor token create NAME makes one)',
    );
  }
  const text = await readFile(tokenFile, 'utf8').catch((error: unknown) => {
    throw new CliError(`--token-file: ${describeError(error)}`);
  });
  return text.trim();
}

const claimFile = (file: string): string => path.join(path.dirname(file), 'claim');

/**
 * A secret by which the server knows this machine again: its answer may be lost, and its token has been used then. Kept
 * until the machine has joined.
 */
async function ownClaim(file: string): Promise<string> {
  const known = await readFile(claimFile(file), 'utf8').catch(() => '');
  if (known !== '') return known;
  const claim = randomBytes(32).toString('base64url');
  await writePrivate(claimFile(file), claim);
  return claim;
}

async function writePrivate(file: string, text: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  await writeWholeFile(file, { replace: true, fill: (write) => write(Buffer.from(text)) });
}

/** The name that was asked for is meant; that of the machine is for tokens that are good for several. */
function nameOf(environment: JoinServerOptions['environment']): Pick<JoinRequest, 'host' | 'name'> {
  const { executorName } = readExecutorManagerConfig(environment);
  return (environment['EXECUTOR_NAME'] ?? '').trim() === '' ? { host: executorName } : { name: executorName };
}

/** @throws CliError with the server's address and its own words */
async function reach<T>(server: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof CliError) throw error;
    if (!isStatusError(error, 'ServiceUnavailable') || error.cause === undefined) {
      throw new CliError(`cannot join ${server}: ${describeError(error)}`, { cause: error });
    }
    const help = CERTIFICATE.test(error.message)
      ? '; give --ca-hash as "troupe executor token create" shows it, or --ca-cert FILE, and an address that stands in the certificate (troupe api --tls-san)'
      : '';
    throw new CliError(`cannot join: ${error.message}${help}`, { cause: error });
  }
}

/** Of OpenSSL and of Node's look at names. */
const CERTIFICATE = /certificate|altnames/i;
