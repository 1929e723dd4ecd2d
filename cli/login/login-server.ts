import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { CliError, errorText } from '../error-text.ts';
import { connect } from '../session.ts';
import type { LoginServer } from './account-api.ts';

export interface LoginServerFlags {
  server?: string;
  certificateAuthority?: string;
  kubeconfig?: string;
  context?: string;
}

/** Where to log in: flags, else what a kubeconfig says. */
export function addLoginServerFlags(command: Command): Command {
  return command
    .option('-s, --server <url>', 'address of the API server; absent: that of the kubeconfig')
    .option('--certificate-authority <file>', "of the server's certificate, as PEM")
    .option('--kubeconfig <file>', 'kubeconfig that names the API server')
    .option('--context <name>', 'context of the kubeconfig to use');
}

export interface FoundServer extends LoginServer {
  namespace?: string;
  /** As the kubeconfig calls the user of the context. */
  userName?: string;
}

/** @throws CliError */
export async function findLoginServer(context: CliContext, flags: LoginServerFlags): Promise<FoundServer> {
  const { server, certificateAuthority } = flags;
  if (server !== undefined) {
    if (!URL.canParse(server) || !server.startsWith('https://')) {
      throw new CliError(`--server ${JSON.stringify(server)} is no https URL`);
    }
    const url = server.replace(/\/+$/, '');
    if (certificateAuthority === undefined) return { server: url };
    return { server: url, ca: await readFile(certificateAuthority, 'utf8') };
  }
  const connection = await connect(context, flags);
  await connection.close();
  const { namespace, userName, caCertificate: ca } = connection;
  return { server: connection.server, namespace, userName, ...(ca === undefined ? {} : { ca }) };
}

/** Runs a command; what it throws is printed in kubectl's manner, and ends it with 1. */
export async function withErrors(context: CliContext, body: () => Promise<void>): Promise<void> {
  // The clock's timers do not keep a process alive.
  const alive = setInterval(() => undefined, 2 ** 30);
  try {
    await body();
  } catch (error) {
    context.setExitCode(1);
    context.stderr.write(`${errorText(error)}\n`);
  } finally {
    clearInterval(alive);
  }
}
