import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Writable } from 'node:stream';
import { instructionsText } from '../../instructions/instructions-text.ts';
import { runAgentProcess } from '../../process/agent-process.ts';
import type { AgentExit } from '../../process/agent-process.ts';
import { ProgramEnd } from '../../process/program-end.ts';
import { RunFailure } from '../../run-failure.ts';
import type { AdapterContext, AgentAdapter, AgentModel, AgentRequest } from '../adapter.ts';
import { requiredModel } from '../required-model.ts';
import { parseMessage } from './bridge-messages.ts';
import type { BridgeRequest } from './bridge-messages.ts';
import { createBridgeReader } from './bridge-reader.ts';
import { readAgnoOptions } from '#shell-options/agno-options';
import { programEnvironment } from '../program-environment.ts';
import { asStartFailure } from '../shell-settings.ts';
import { agnoProgram } from './program.ts';
import type { AgnoProgram } from './program.ts';

const MODEL_PROTOCOLS = ['anthropic', 'openai', 'openai-responses'] as const;

/** Further attempts of a call of the model, by the makers' own clients. */
const RETRIES = 4;

/** How long the bridge may take to end by itself after its answer: it closes its servers and its database. */
const END_MS = 5000;

/** In HOME; the engine carries it to the next sandbox. */
const DATABASE_FOLDER = '.agno';

/** Agents and teams of the library Agno, run by a bridge in Python. */
export function agnoAdapter(program: () => AgnoProgram = agnoProgram): AgentAdapter {
  return {
    capabilities: {
      files: true,
      modelProtocols: MODEL_PROTOCOLS,
      session: 'resume and fork',
      steer: false,
      interrupt: false,
      permissions: true,
      output: 'prompted',
      images: true,
      skills: 'listed',
      usage: 'per model',
    },
    sessionFiles: { paths: [DATABASE_FOLDER] },
    async run(request, context) {
      const sent = bridgeRequest(request, context, await systemPrompt(request, context));
      await mkdir(path.dirname(sent.database), { recursive: true, mode: 0o700 });
      let stdin: Writable | undefined;
      const answer = (line: object): void => void stdin?.write(`${JSON.stringify(line)}\n`);
      const end = new ProgramEnd(context.clock, END_MS);
      const reader = createBridgeReader({ context, answer, end: () => end.begin(stdin) });
      const exit = await runAgentProcess({
        ...program(),
        cwd: context.folder,
        env: { ...programEnvironment(request, context), AGNO_TELEMETRY: 'false' },
        input: (pipe) => {
          stdin = pipe;
          answer(sent);
        },
        mark: context.runId,
        signal: AbortSignal.any([context.signal, end.signal]),
        clock: context.clock,
        onLine: (line) => reader.take(parseMessage(line), line),
        onErrorLine: (text) => reader.errorLine(text),
      });
      end.close();
      context.events.flush();
      if (context.signal.aborted) throw context.signal.reason;
      return reader.answer() ?? failed(exit);
    },
  };
}

/** The Ghost's words, then the repository's: the library itself reads no such files. */
async function systemPrompt({ agent }: AgentRequest, context: AdapterContext): Promise<string | undefined> {
  const own = agent.systemPrompt?.trim();
  const parts = [own, await instructionsText(context)].filter((text) => text !== undefined && text !== '');
  return parts.length === 0 ? undefined : parts.join('\n\n');
}

function bridgeRequest(
  request: AgentRequest,
  context: AdapterContext,
  instructions: string | undefined,
): BridgeRequest {
  const model = agnoModel(request);
  const { team, historyRuns, memory, tools } = asStartFailure(() => readAgnoOptions(request.shell.options));
  const { name } = request.agent;
  const { session, prompt, images = [], timeoutSeconds } = request;
  return {
    agent: { name, ...(instructions === undefined ? {} : { systemPrompt: instructions }) },
    model: {
      ...{ protocol: model.protocol, name: model.name, baseURL: model.baseURL, apiKey: model.apiKey },
      ...(model.maxOutputTokens === undefined ? {} : { maxOutputTokens: model.maxOutputTokens }),
      // How long a model may be silent is the run's own limit.
      ...{ timeoutSeconds, retries: RETRIES },
    },
    ...(team === undefined ? {} : { team }),
    ...{ prompt, images, servers: context.toolServers, folder: context.folder },
    database: path.join(context.home, DATABASE_FOLDER, 'agno.db'),
    sessionId: session?.id ?? randomUUID(),
    fork: session?.fork === true,
    ...{ historyRuns, memory, ownTools: tools, asks: context.permissions.asks, timeoutSeconds },
  };
}

function agnoModel(request: AgentRequest): AgentModel {
  const model = requiredModel(request, MODEL_PROTOCOLS);
  if (model.name === '') throw new RunFailure('StartFailed', 'Agno needs a Model that names its model_id');
  return model;
}

function failed({ code, signal, stderr }: AgentExit): never {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  const said = lines.length === 0 ? '' : `: ${lines.slice(-5).join(' | ')}`;
  if (signal !== null) throw new RunFailure('AgentKilled', `Agno was ended by ${signal}${said}`);
  throw new RunFailure('AgentFailed', `Agno ended with code ${code} and without an answer${said}`);
}
