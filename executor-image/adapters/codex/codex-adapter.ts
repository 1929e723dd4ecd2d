import { mkdir } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { runAgentProcess } from '../../process/agent-process.ts';
import type { AgentExit } from '../../process/agent-process.ts';
import { ProgramEnd } from '../../process/program-end.ts';
import { RpcError, createRpcPeer } from '../../process/rpc-peer.ts';
import type { RpcPeer } from '../../process/rpc-peer.ts';
import { RunFailure } from '../../run-failure.ts';
import type { AdapterContext, AgentAdapter, AgentRequest } from '../adapter.ts';
import { tellUnusedSettings } from '../repository-settings.ts';
import { createApprovals } from './approvals.ts';
import { converse, inputText } from './conversation.ts';
import { codexProgram } from './program.ts';
import { MODEL_PROTOCOLS, codexEnvironment, codexHome, codexModel } from './settings.ts';
import { createTurnReader } from './turn-reader.ts';

/** Of the folder that the agent works in. */
const SETTINGS = ['.codex'];
/** How long the program may go on when nothing is asked of it any more. */
const AFTER_ANSWER_MS = 2000;

/** Said at every start, and of no use to anybody here. */
const NOISE = /could not create PATH aliases|bubblewrap|^\s*$/;

/** The real Codex program, driven over the protocol of its app server: https://developers.openai.com/codex/app-server. */
export function codexAdapter(program: () => string = codexProgram): AgentAdapter {
  return {
    capabilities: {
      files: true,
      modelProtocols: MODEL_PROTOCOLS,
      session: 'resume and fork',
      steer: true,
      interrupt: true,
      permissions: true,
      output: 'native',
      images: true,
      skills: 'native',
      usage: 'per model',
    },
    sessionFiles: { paths: ['.codex/sessions'] },
    async run(request, context) {
      const model = codexModel(request);
      await mkdir(codexHome(context.home), { recursive: true, mode: 0o700 });
      await tellUnusedSettings(request, context, SETTINGS);
      const session = startProgram(request, context, { program: program(), model: model.name });
      try {
        return await Promise.race([session.answer, session.exit.then(failureOf)]);
      } catch (error) {
        throw context.signal.aborted ? context.signal.reason : error;
      } finally {
        await session.end();
      }
    },
  };
}

interface ProgramOptions {
  program: string;
  model: string;
}

interface Session {
  answer: ReturnType<typeof converse>;
  exit: Promise<AgentExit>;
  /** Ends the program; resolves when it is gone. */
  end(): Promise<void>;
}

function startProgram(
  request: AgentRequest,
  context: AdapterContext,
  { program, model }: ProgramOptions,
): Session {
  const { events, clock } = context;
  const end = new ProgramEnd(clock, AFTER_ANSWER_MS);
  let stdin: Writable | undefined;
  let thread: string | undefined;
  const reader = createTurnReader({ context, threadId: () => thread, model });
  const approvals = createApprovals({
    context,
    itemOf: (id) => reader.item(id),
    tell: (turn, words) => steer(peer, turn, words),
  });
  const peer: RpcPeer = createRpcPeer({
    send: (message) => stdin?.write(`${message}\n`),
    onNotification: (method, params) => reader.take(method, params),
    onRequest: (method, params) => approvals.answer(method, params),
  });
  const exit = runAgentProcess({
    command: program,
    args: ['app-server'],
    cwd: context.folder,
    env: codexEnvironment(request, context),
    input: (pipe) => {
      stdin = pipe;
    },
    mark: context.runId,
    signal: AbortSignal.any([context.signal, end.signal]),
    clock,
    onLine: (line) => {
      if (!peer.take(line)) events.emit('log', { stream: 'stdout', text: line });
    },
    onErrorLine: (text) => {
      if (!NOISE.test(text)) events.emit('log', { stream: 'stderr', text });
    },
  });
  exit.catch(() => undefined); // told where it is waited for
  const answer = converse({
    ...{ peer, reader, request, context },
    onThread: (id) => {
      thread = id;
    },
  });
  answer.catch(() => undefined); // likewise
  return {
    answer,
    exit,
    async end() {
      peer.close(new RunFailure('AgentFailed', 'Codex has ended'));
      end.begin(stdin);
      await exit.catch(() => undefined); // what ended the run says why
      end.close();
    },
  };
}

/** The turn may be at its end: then nobody hears them, and nobody needs to. */
async function steer(
  peer: RpcPeer,
  { threadId, turnId }: { threadId: unknown; turnId: unknown },
  words: string,
): Promise<void> {
  const params = { threadId, expectedTurnId: turnId, input: [inputText(words)] };
  try {
    await peer.call('turn/steer', params);
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
  }
}

function failureOf({ code, signal, stderr }: AgentExit): never {
  const lines = stderr.split('\n').filter((line) => !NOISE.test(line));
  const said = lines.length === 0 ? '' : `: ${lines.slice(-5).join(' | ')}`;
  if (signal !== null) throw new RunFailure('AgentKilled', `Codex was ended by ${signal}${said}`);
  throw new RunFailure('AgentFailed', `Codex ended with code ${code} and without an answer${said}`);
}
