import { RUN_LIMITS } from '#executor-manager/protocol/run';
import type { ModelProtocol } from '#executor-manager/protocol/run';
import { runAgentProcess } from '../../process/agent-process.ts';
import type { AgentExit } from '../../process/agent-process.ts';
import { ProgramEnd } from '../../process/program-end.ts';
import { RunCancelled, RunFailure, describeError } from '../../run-failure.ts';
import { cutText } from '../../text/cut.ts';
import type { AdapterContext, AgentAdapter, AgentRequest } from '../adapter.ts';
import { commandLine, prepareFiles } from '../command/command-line.ts';
import { talkToAgent } from './acp-session.ts';
import { createMessageStream } from './message-stream.ts';
import type { MessageStream } from './message-stream.ts';
import { createUpdateTeller } from './update-teller.ts';

const MODEL_PROTOCOLS: readonly ModelProtocol[] = ['anthropic', 'openai', 'openai-responses'];

/** How long a program may take to end by itself once nobody speaks to it; SIGTERM, with a longer patience, follows. */
const END_MS = 500;
/** How long an agent may take to end its turn by itself when the run is cancelled. */
const CANCEL_MS = 3000;

/**
 * Any agent that speaks the Agent Client Protocol (https://agentclientprotocol.com) over its pipes; the Shell names its
 * command. It says itself which abilities it has beyond a turn (resume, images, MCP servers), and a run that needs more fails
 * with that as the reason.
 */
export function acpAdapter(): AgentAdapter {
  return {
    capabilities: {
      files: true,
      modelProtocols: MODEL_PROTOCOLS,
      session: 'resume',
      steer: true,
      interrupt: true,
      permissions: true,
      output: 'prompted',
      images: true,
      usage: 'counted',
      skills: 'listed',
    },
    // Where agents of today keep their sessions; what else is in these folders are caches.
    sessionFiles: {
      paths: ['.claude/projects', '.qwen/projects', '.qwen/tmp', '.gemini/tmp', '.local/share/opencode'],
    },
    run: runAgent,
  };
}

type AgentAnswer = Awaited<ReturnType<AgentAdapter['run']>>;

async function runAgent(request: AgentRequest, context: AdapterContext): Promise<AgentAnswer> {
  const files = await prepareFiles(request, context);
  const line = commandLine(request, { context, files });
  const teller = createUpdateTeller(context, request.model?.name);
  const stop = new AbortController();
  const end = new ProgramEnd(context.clock, END_MS);
  let ending: Ending = { kind: 'open' };
  let messages: MessageStream | undefined;
  const cancelStop = stopLater(context, stop);
  const exit = await runAgentProcess({
    ...line,
    cwd: context.folder,
    input(stdin) {
      messages = createMessageStream((text) => stdin.write(text));
      const { stream } = messages;
      talkToAgent({ stream, request, context, teller })
        .then(
          () => (ending = { kind: 'done' }),
          (error: unknown) => (ending = { kind: 'failed', error }),
        )
        .finally(() => end.begin(stdin));
    },
    mark: context.runId,
    signal: AbortSignal.any([stop.signal, end.signal]),
    clock: context.clock,
    onLine(text) {
      context.meter.alive();
      if (messages?.line(text) !== true) context.events.emit('log', { stream: 'stdout', text });
    },
    onErrorLine: (text) => context.events.emit('log', { stream: 'stderr', text }),
  });
  cancelStop();
  end.close();
  messages?.end();
  context.events.flush();
  if (context.signal.aborted) throw context.signal.reason;
  checkEnding(ending, exit);
  return { value: cutText(teller.words(), RUN_LIMITS.textBytes) };
}

type Ending = { kind: 'open' } | { kind: 'done' } | { kind: 'failed'; error: unknown };

/** Gives an agent that is cancelled the time to say so; every other end is at once. */
function stopLater({ signal, clock }: AdapterContext, stop: AbortController): () => void {
  let cancelTimer: (() => void) | undefined;
  const onAbort = (): void => {
    const patience = signal.reason instanceof RunCancelled ? CANCEL_MS : 0;
    cancelTimer = clock.after(patience, () => stop.abort());
  };
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  return () => {
    cancelTimer?.();
    signal.removeEventListener('abort', onAbort);
  };
}

function checkEnding(ending: Ending, { code, signal, stderr }: AgentExit): void {
  if (ending.kind === 'done') return;
  if (ending.kind === 'failed' && ending.error instanceof RunFailure) throw ending.error;
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  const said = lines.length === 0 ? '' : `: ${lines.slice(-5).join(' | ')}`;
  if (ending.kind === 'failed') {
    const message = `the agent failed: ${describeError(ending.error)}${said}`;
    throw new RunFailure('AgentFailed', message, ending.error);
  }
  const how = signal === null ? `ended with code ${code}` : `was ended by ${signal}`;
  throw new RunFailure(
    signal === null ? 'AgentFailed' : 'AgentKilled',
    `the agent ${how} in the middle of its turn${said}`,
  );
}
