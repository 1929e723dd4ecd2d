import { badRequest, toStatusError } from '#api/machinery/status-error';
import type { ExecProcess } from '../drivers/driver.ts';
import { openChannels } from './channels/channels.ts';
import type { Channels } from './channels/channels.ts';
import { chosenProtocol } from './channels/negotiation.ts';
import { handOver } from './hand-over.ts';
import { isAsked } from './stream-context.ts';
import type { PreparedStream, StreamContext } from './stream-context.ts';
import { acceptWebSocket } from './web-socket.ts';

/**
 * Runs a program in the sandbox for a user, as the agent's user and behind the same barrier.
 * @throws StatusError BadRequest where there is no sandbox
 */
export function prepareExec({ request, query, sandbox, runtimeID, hosts }: StreamContext): PreparedStream {
  const { driver } = hosts.of(sandbox);
  const { exec } = driver;
  if (exec === undefined) {
    throw badRequest('this agent has no sandbox of its own, so no program can be run beside it');
  }
  const protocol = chosenProtocol(request);
  const asked = (name: string): boolean => isAsked(query, name);
  const spec = { command: query.getAll('command'), stdin: asked('stdin'), tty: asked('tty') };
  const wanted = { stdout: asked('stdout'), stderr: asked('stderr') };
  return async (connection) => {
    const socket = await acceptWebSocket(connection, request, protocol.name);
    const starting = exec.call(driver, runtimeID, spec);
    // Reported below.
    starting.catch(() => undefined);
    const channels = openChannels(socket, protocol, {
      stdin: async (data) => handOver((await starting).input, data),
      endOfStdin: () => void starting.then(({ input }) => input.end()).catch(() => undefined),
      resize: (size) => void starting.then((running) => running.resize(size)).catch(() => undefined),
    });
    try {
      const running = await starting;
      const code = await relay(running, channels, wanted);
      if (code !== undefined) await channels.finish({ code });
    } catch (error) {
      await channels.finish({ error: toStatusError(error) });
    }
  };
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
