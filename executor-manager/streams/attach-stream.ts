import { randomUUID } from 'node:crypto';
import { isStatusError, toStatusError } from '#api/machinery/status-error';
import { visibleText } from '#api/machinery/visible-text';
import { createTaskEventText } from '#api/types/tasks/task-event-text';
import { acceptEvent } from '../run/run-event.ts';
import type { RunnerClient } from '../run/runner-client.ts';
import { openChannels } from './channels/channels.ts';
import type { Channels } from './channels/channels.ts';
import { chosenProtocol } from './channels/negotiation.ts';
import { isAsked, runtimeOfStream } from './stream-context.ts';
import type { PreparedStream, StreamContext } from './stream-context.ts';
import { acceptWebSocket } from './web-socket.ts';

/** A line that a person types; longer ones are cut. */
const MAX_LINE_BYTES = 64 * 1024;

/**
 * Shows what the agent does from now on, as `kubectl logs` words it; each line that the user types is a message to the
 * agent.
 * @throws StatusError NotFound when the agent is gone
 */
export async function prepareAttach(context: StreamContext): Promise<PreparedStream> {
  const { request, query, sandbox, runners } = context;
  const protocol = chosenProtocol(request);
  const runtime = await runtimeOfStream(context);
  const runID = sandbox.metadata.uid ?? '';
  return async (connection) => {
    const runner = runners.of(runtime);
    try {
      const socket = await acceptWebSocket(connection, context, protocol.name);
      const lines = createLines();
      const channels: Channels = openChannels(socket, protocol, {
        async stdin(data) {
          if (!isAsked(query, 'stdin')) return;
          for (const line of lines.add(data)) {
            await channels.write('stdout', Buffer.from(`${await tell(runner, runID, line)}\n`));
          }
        },
        endOfStdin: () => undefined,
        resize: () => undefined,
      });
      await show(runner, runID, { channels, name: sandbox.metadata.name });
    } finally {
      await runner.close();
    }
  };
}

async function show(
  runner: RunnerClient,
  runID: string,
  { channels, name }: { channels: Channels; name: string },
): Promise<void> {
  const text = createTaskEventText();
  try {
    const state = await runner.get(runID);
    let last = state?.lastSeq ?? 0;
    await channels.write('stdout', Buffer.alloc(0));
    for await (const given of runner.events(runID, last, channels.closed)) {
      const event = acceptEvent(given, last + 1);
      last = event.seq;
      const said = text.add({ ...event, sourceSeq: event.seq, source: name });
      if (said !== '') await channels.write('stdout', Buffer.from(said));
    }
    await channels.finish({ code: 0 });
  } catch (error) {
    if (!channels.closed.aborted) await channels.finish({ error: toStatusError(error) });
  }
}

/** The message as the user finds it again among the agent's own words, or why the agent has not got it. */
async function tell(runner: RunnerClient, runID: string, text: string): Promise<string> {
  try {
    await runner.input(runID, { id: randomUUID(), type: 'message', text });
    return `# you: ${visibleText(text)}`;
  } catch (error) {
    if (!isStatusError(error)) throw error;
    return `# the agent did not get the message: ${visibleText(error.message)}`;
  }
}

/** The lines of a text that comes in parts. */
function createLines() {
  let rest = Buffer.alloc(0);
  return {
    /** Those that this part ends. */
    add(data: Buffer): string[] {
      const lines: string[] = [];
      let bytes = Buffer.concat([rest, data]);
      for (let end = endOfLine(bytes); end >= 0; end = endOfLine(bytes)) {
        lines.push(bytes.subarray(0, Math.min(end, MAX_LINE_BYTES)).toString('utf8').trim());
        bytes = bytes.subarray(end + 1);
      }
      rest = Buffer.from(bytes.subarray(0, MAX_LINE_BYTES));
      return lines.filter((line) => line !== '');
    },
  };
}

/** A terminal in raw mode sends a carriage return. */
function endOfLine(bytes: Buffer): number {
  return bytes.findIndex((byte) => byte === 10 || byte === 13);
}
