import type { ModelProtocol } from '#executor-manager/protocol/run';
import { runAgentProcess } from '../../process/agent-process.ts';
import type { AgentExit } from '../../process/agent-process.ts';
import { RunFailure } from '../../run-failure.ts';
import type { AgentAdapter } from '../adapter.ts';
import { requiredModel } from '../required-model.ts';
import { Conversation } from './conversation.ts';
import { claudeEnvironment } from './environment.ts';
import { prepareLaunch } from './launch.ts';
import { SESSIONS } from './program-home.ts';
import { claudeProgram } from './program.ts';

/** Said of every model of somebody else's service, and of no use to anybody here. */
const NOISE = /^\[claude-code:unrecognized_model\]/;
/** A program that writes errors for ever fills nobody's disk. */
const MOST_ERROR_LINES = 1000;

const MODEL_PROTOCOLS: readonly ModelProtocol[] = ['anthropic'];

/** The real Claude Code program, driven over the two-way protocol of its SDK. */
export function claudeCodeAdapter(program: () => string = claudeProgram): AgentAdapter {
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
    sessionFiles: { paths: [SESSIONS] },
    async run(request, context) {
      requiredModel(request, MODEL_PROTOCOLS);
      const stop = new AbortController();
      const launch = await prepareLaunch(request, context);
      const conversation = new Conversation({ request, context, launch, stop: () => stop.abort() });
      let errorLines = 0;
      const exit = await runAgentProcess({
        command: program(),
        args: launch.args,
        cwd: context.folder,
        ...claudeEnvironment(request, context),
        mark: context.runId,
        signal: stop.signal,
        clock: context.clock,
        input: (stdin) => conversation.start(stdin),
        onLine: (line) => conversation.line(line),
        onErrorLine: (text) => {
          if (NOISE.test(text) || ++errorLines > MOST_ERROR_LINES) return;
          context.events.emit('log', { stream: 'stderr', text });
        },
      });
      context.events.flush();
      const answer = conversation.close();
      if (answer === undefined) throw failureOf(exit);
      return answer;
    },
  };
}

function failureOf({ code, signal, stderr }: AgentExit): RunFailure {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '' && !NOISE.test(line));
  const said = lines.length === 0 ? '' : `: ${lines.slice(-5).join(' | ')}`;
  if (signal !== null) return new RunFailure('AgentKilled', `Claude Code was ended by ${signal}${said}`);
  return new RunFailure('AgentFailed', `Claude Code ended with code ${code} and without a result${said}`);
}
