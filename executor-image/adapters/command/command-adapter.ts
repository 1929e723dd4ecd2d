import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { RUN_LIMITS } from '#executor-manager/protocol/run';
import type { CommandOutput } from '#executor-manager/protocol/command-output';
import type { ModelProtocol } from '#executor-manager/protocol/run';
import { runAgentProcess } from '../../process/agent-process.ts';
import type { AgentExit } from '../../process/agent-process.ts';
import { RunFailure } from '../../run-failure.ts';
import { cutText, lastBytes } from '../../text/cut.ts';
import type { AdapterContext, AgentAdapter } from '../adapter.ts';
import { commandLine, prepareFiles } from './command-line.ts';
import type { CommandFiles } from './command-line.ts';
import { lineReader } from './line-reader.ts';
import { createLineTeller } from './line-teller.ts';
import type { LineTeller } from './line-teller.ts';

/** Of a result file; more of it would not fit into a status, and the log has the words. */
const RESULT_BYTES = RUN_LIMITS.textBytes;

const MODEL_PROTOCOLS: readonly ModelProtocol[] = ['anthropic', 'openai', 'openai-responses'];

/** Any program: it gets the prompt, its lines become events as the Shell says, exit code and result file decide. */
export function commandAdapter(): AgentAdapter {
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
      skills: 'listed',
      usage: 'counted',
    },
    async run(request, context) {
      const output = request.shell.output ?? {};
      const read = lineReader(output);
      if (tellsUsage(output)) context.meter.programCounts();
      const files = await prepareFiles(request, context);
      const { command, args, env } = commandLine(request, { context, files });
      const teller = createLineTeller(context);
      const exit = await runAgentProcess({
        ...{ command, args, env },
        cwd: context.folder,
        input: request.prompt,
        mark: context.runId,
        signal: context.signal,
        clock: context.clock,
        onLine: (line) => teller.tell(read(line)),
        onErrorLine: (text) => context.events.emit('log', { stream: 'stderr', text }),
      });
      context.events.flush();
      if (context.signal.aborted) throw context.signal.reason;
      checkExit(exit, teller.failure());
      return { value: await answerOf({ output, files, teller, context }) };
    },
  };
}

/** The Shell says where the program tells its tokens. */
function tellsUsage({ lines = [] }: CommandOutput): boolean {
  return lines.some(({ event }) => event === 'usage');
}

function checkExit({ code, signal, stderr }: AgentExit, failure: string | undefined): void {
  if (signal !== null)
    throw new RunFailure('AgentKilled', `the program was ended by ${signal}${saidIn(stderr)}`);
  if (failure !== undefined) throw new RunFailure('AgentFailed', failure);
  if (code !== 0) throw new RunFailure('AgentFailed', `the program ended with code ${code}${saidIn(stderr)}`);
}

function saidIn(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  return lines.length === 0 ? '' : `: ${lines.slice(-5).join(' | ')}`;
}

interface Ended {
  output: CommandOutput;
  files: CommandFiles;
  teller: LineTeller;
  context: AdapterContext;
}

/** The result file where there is one, else the last words. Throws RunFailure AgentFailed when a file that was asked for is not there. */
async function answerOf({ output, files, teller, context }: Ended): Promise<string> {
  const named = output.resultFile === undefined ? undefined : path.resolve(context.folder, output.resultFile);
  const text = await readIfThere(named ?? files.result);
  if (text !== undefined) return cutText(text, RESULT_BYTES);
  if (named === undefined) return lastBytes(teller.words(), RESULT_BYTES);
  throw new RunFailure('AgentFailed', `the program ended without its result file ${output.resultFile}`);
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
