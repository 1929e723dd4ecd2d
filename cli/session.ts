import type { Command } from 'commander';
import type { Connection } from '#api/client/connect';
import { findServingForm } from '#api/client/serving-form';
import { isStatusError } from '#api/machinery/status-error';
import { describeError } from '#api/machinery/logger';
import type { CliContext } from './context.ts';
import { CliError, errorText } from './error-text.ts';

/** Flags of every command that talks to the API, as kubectl names them. */
export interface ConnectionFlags {
  kubeconfig?: string;
  context?: string;
  namespace?: string;
}

export function addConnectionFlags(command: Command): Command {
  return addServerFlags(command.option('-n, --namespace <name>', 'namespace of the objects'));
}

/** Where the server is, for what is of no namespace. */
export function addServerFlags(command: Command): Command {
  return command
    .option('--kubeconfig <file>', 'kubeconfig that names the API server')
    .option('--context <name>', 'context of the kubeconfig to use');
}

/** One command at work: connected, with its namespace settled. */
export interface Session {
  readonly context: CliContext;
  readonly connection: Connection;
  readonly namespace: string;
  /** True when the namespace was asked for by flag, so that it binds manifests too. */
  readonly namespaceGiven: boolean;
  print(line: string): void;
  /** Prints a failure and makes the command end with 1; the command may go on with the rest. */
  fail(error: unknown, doing?: string): void;
}

/**
 * Connects, runs `body` and closes. What it throws is printed in kubectl's manner and ends the command with 1;
 * a number it returns is the exit code.
 */
export async function withSession(
  context: CliContext,
  flags: ConnectionFlags,
  body: (session: Session) => Promise<number | void>,
): Promise<void> {
  let connection: Connection | undefined;
  const fail = (error: unknown, doing?: string): void => {
    context.setExitCode(1);
    context.stderr.write(`${errorText(error, doing)}\n`);
  };
  // The clock's timers do not keep a process alive, and while a command waits for a server nothing else may.
  const alive = setInterval(() => undefined, 2 ** 30);
  try {
    connection = await connect(context, flags);
    const code = await body({
      context,
      connection,
      namespace: flags.namespace ?? connection.namespace,
      namespaceGiven: flags.namespace !== undefined,
      print: (line) => context.stdout.write(`${line}\n`),
      fail,
    });
    if (code !== undefined) context.setExitCode(code);
  } catch (error) {
    fail(error);
    if (connection !== undefined && isStatusError(error, 'NotFound'))
      context.stderr.write(await whatIsLacking(connection));
  } finally {
    clearInterval(alive);
    await connection?.close();
  }
}

/** Connects by a kubeconfig. @throws CliError for a wrong one, which the user can mend: it is not the server's answer */
export async function connect(context: CliContext, flags: ConnectionFlags): Promise<Connection> {
  try {
    return await context.connect({
      ...(flags.kubeconfig === undefined ? {} : { kubeconfig: flags.kubeconfig }),
      ...(flags.context === undefined ? {} : { context: flags.context }),
    });
  } catch (error) {
    throw new CliError(error instanceof Error ? error.message : describeError(error), { cause: error });
  }
}

/** A line for a server that has Tasks without their subresources, since what was not found may be one of these. */
async function whatIsLacking({ transport }: Connection): Promise<string> {
  // Whoever may not ask, or cannot, has been told the error itself.
  const form = await findServingForm(transport).catch(() => undefined);
  if (form?.hasTaskLog !== false) return '';
  return `${transport.server} has Tasks from crds/ alone: they have no event log, messages and answers\n`;
}
