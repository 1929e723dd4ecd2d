import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { describeError } from '#api/machinery/logger';
import { badRequest, isStatusError, toStatusError } from '#api/machinery/status-error';
import type { ExecProcess, ExecSpec, TerminalSize } from '../drivers/driver.ts';
import { EXEC_PROTOCOL, execPath } from '../protocol/exec.ts';
import { upgradeRunner } from '../run/runner-upgrade.ts';
import { openChannels } from './channels/channels.ts';
import type { Channels } from './channels/channels.ts';
import { chosenProtocol } from './channels/negotiation.ts';
import { handOver } from './hand-over.ts';
import { isAsked, runtimeOfStream } from './stream-context.ts';
import type { PreparedStream, StreamContext } from './stream-context.ts';
import { acceptWebSocket } from './web-socket.ts';

/** How long a program waits for the size of its terminal, which kubectl says at once and others never. */
const FIRST_SIZE_MS = 500;

/**
 * Runs a program in the sandbox for a user, as the agent's user and behind the same barrier. It is hung up when the user
 * goes before its end.
 * @throws StatusError BadRequest where there is no sandbox
 */
export function prepareExec(context: StreamContext): PreparedStream {
  const { request, query, sandbox, runtimeID, hosts, clock } = context;
  const { driver } = hosts.of(sandbox);
  const { exec } = driver;
  if (exec === undefined) {
    throw badRequest('this agent has no sandbox of its own, so no program can be run beside it');
  }
  const protocol = chosenProtocol(request);
  const asked = (name: string): boolean => isAsked(query, name);
  const tty = asked('tty');
  const spec = { id: randomUUID(), command: query.getAll('command'), stdin: asked('stdin'), tty };
  const wanted = { stdout: asked('stdout'), stderr: asked('stderr') };
  return async (connection) => {
    const socket = await acceptWebSocket(connection, context, protocol.name);
    const firstSize = Promise.withResolvers<TerminalSize | undefined>();
    const withSize = async (size: TerminalSize | undefined): Promise<ExecProcess> =>
      exec.call(driver, runtimeID, { ...spec, ...(size !== undefined && { size }) });
    const starting = tty ? firstSize.promise.then(withSize) : withSize(undefined);
    const cancelWait = clock.after(FIRST_SIZE_MS, () => firstSize.resolve(undefined));
    const hold = holdExec(context, spec);
    // Reported below.
    starting.catch(() => undefined);
    const channels = openChannels(socket, protocol, {
      stdin: async (data) => handOver((await starting).input, data),
      endOfStdin: () => void starting.then(({ input }) => input.end()).catch(() => undefined),
      resize(size) {
        firstSize.resolve(size);
        void starting.then((running) => running.resize(size)).catch(() => undefined);
      },
    });
    try {
      const running = await starting;
      const code = await relay(running, channels, wanted);
      if (code !== undefined) await channels.finish({ code });
    } catch (error) {
      await channels.finish({ error: toStatusError(error) });
    } finally {
      cancelWait();
      (await hold)?.destroy();
    }
  };
}

/**
 * The connection whose end hangs the program up. Undefined where there is none, as with the runner of an older image: the
 * program then lives until it ends by itself, or with the sandbox.
 */
async function holdExec(context: StreamContext, { id }: Pick<ExecSpec, 'id'>): Promise<Duplex | undefined> {
  const { runtimeID, tokenFor, clock, logger } = context;
  try {
    const { address } = await runtimeOfStream(context);
    const { token } = tokenFor(runtimeID);
    const path = execPath(id);
    const socket = await upgradeRunner({ address, token, path, protocol: EXEC_PROTOCOL, clock });
    // One that breaks closes, and the program is hung up.
    socket.on('error', () => undefined);
    return socket;
  } catch (error) {
    if (!isStatusError(error, 'NotFound')) {
      logger.warn('a program of a user may outlive its connection', { cause: describeError(error) });
    }
    return undefined;
  }
}

/** The exit code; undefined when the user has gone before. */
async function relay(
  running: ExecProcess,
  channels: Channels,
  wanted: { stdout: boolean; stderr: boolean },
): Promise<number | undefined> {
  const letGo = (): void => running.close();
  channels.closed.addEventListener('abort', letGo, { once: true });
  try {
    // Tells clients that the program runs, before it says anything (kubelet: createWebSocketStreams).
    await channels.write('stdout', Buffer.alloc(0));
    for await (const { stream, data } of running.output) {
      if (wanted[stream]) await channels.write(stream, data);
    }
    return await running.exitCode();
  } catch (error) {
    if (channels.closed.aborted) return undefined;
    throw error;
  } finally {
    channels.closed.removeEventListener('abort', letGo);
    running.close();
  }
}
