import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ModelProtocol, RunRequest, RunResult } from '#executor-manager/protocol/run';
import { runAgentProcess } from '../../process/agent-process.ts';
import type { AgentExit } from '../../process/agent-process.ts';
import { RunFailure } from '../../run-failure.ts';
import type { AdapterContext, AgentAdapter } from '../adapter.ts';
import { requiredModel } from '../required-model.ts';
import { claudeEnvironment } from './environment.ts';
import { mcpConfiguration } from './mcp-configuration.ts';
import { claudeProgram } from './program.ts';
import { skillPlugin } from './skill-plugin.ts';
import { createStreamReader } from './stream-reader.ts';
import type { StreamOutcome } from './stream-reader.ts';

/** How long the program may go on after it told its result. */
const AFTER_RESULT_MS = 10_000;

/** Said of every model of somebody else's service, and of no use to anybody here. */
const NOISE = /^\[claude-code:unrecognized_model\]/;

const MODEL_PROTOCOLS: readonly ModelProtocol[] = ['anthropic'];

/** The real Claude Code program, not interactive, with its stream of messages turned into events. */
export function claudeCodeAdapter(program: () => string = claudeProgram): AgentAdapter {
  return {
    capabilities: {
      files: true,
      modelProtocols: MODEL_PROTOCOLS,
      session: 'none',
      steer: false,
      interrupt: false,
      permissions: false,
      output: 'prompted',
      images: false,
      skills: 'native',
      usage: 'total',
    },
    async run(request, context) {
      requiredModel(request, MODEL_PROTOCOLS);
      const args = [...(await writeSettings(request, context)), ...(await skillPlugin(context))];
      const reader = createStreamReader(context);
      const stop = new AbortController();
      let cancelStop: (() => void) | undefined;
      const exit = await runAgentProcess({
        command: program(),
        args,
        cwd: context.folder,
        env: claudeEnvironment(request, context),
        input: request.prompt,
        mark: context.runId,
        signal: AbortSignal.any([context.signal, stop.signal]),
        clock: context.clock,
        onLine: (line) => {
          reader.line(line);
          if (reader.outcome() === undefined) return;
          cancelStop ??= context.clock.after(AFTER_RESULT_MS, () => stop.abort());
        },
        onErrorLine: (text) => {
          if (!NOISE.test(text)) context.events.emit('log', { stream: 'stderr', text });
        },
      });
      cancelStop?.();
      context.events.flush();
      if (context.signal.aborted) throw context.signal.reason;
      return resultOf(reader.outcome(), exit);
    },
  };
}

/** Long texts go into files: an argument is limited to 128 KiB by Linux and is seen by every process. */
async function writeSettings(request: RunRequest, { home, toolServers }: AdapterContext): Promise<string[]> {
  const args = [
    ...['-p', '--output-format', 'stream-json', '--verbose', '--include-partial-messages'],
    ...['--permission-mode', 'bypassPermissions', '--strict-mcp-config'],
  ];
  const folder = path.join(home, '.troupe');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = async (name: string, text: string): Promise<string> => {
    const target = path.join(folder, name);
    await writeFile(target, text, { mode: 0o600 });
    return target;
  };
  const { systemPrompt } = request.agent;
  if (systemPrompt !== undefined && systemPrompt.trim() !== '') {
    args.push('--append-system-prompt-file', await file('system-prompt.md', systemPrompt));
  }
  if (toolServers.length > 0) {
    args.push('--mcp-config', await file('mcp.json', JSON.stringify(mcpConfiguration(toolServers))));
  }
  return args;
}

function resultOf(outcome: StreamOutcome | undefined, exit: AgentExit): RunResult {
  if (outcome === undefined) throw failureOf(exit);
  if (outcome.failure !== undefined) throw new RunFailure(outcome.failure, outcome.message);
  return outcome.result;
}

function failureOf({ code, signal, stderr }: AgentExit): RunFailure {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '' && !NOISE.test(line));
  const said = lines.length === 0 ? '' : `: ${lines.slice(-5).join(' | ')}`;
  if (signal !== null) return new RunFailure('AgentKilled', `Claude Code was ended by ${signal}${said}`);
  return new RunFailure('AgentFailed', `Claude Code ended with code ${code} and without a result${said}`);
}
