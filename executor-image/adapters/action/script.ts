import { constants } from 'node:fs';
import { mkdir, open, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { RunScript } from '#executor-manager/protocol/action';
import { runAgentProcess } from '../../process/agent-process.ts';
import type { AgentExit } from '../../process/agent-process.ts';
import { RunFailure } from '../../run-failure.ts';
import { cutText } from '../../text/cut.ts';
import { MOST_LEVELS } from '../../text/json-depth.ts';
import type { AdapterContext } from '../adapter.ts';
import { programEnvironment } from '../program-environment.ts';
import type { ActionResult } from './action-result.ts';
import { OUTPUT_BYTES, checkSize, jsonOf } from './json-output.ts';
import { createLastLines } from './last-lines.ts';
import type { LastLines } from './last-lines.ts';

const DEFAULT_SHELL = ['sh', '-e'];
const MESSAGE_BYTES = 2000;
const MESSAGE_LINES = 10;

/**
 * Runs a program, or a text by a shell, and takes what it says to standard output for its answer: as JSON where it is JSON,
 * unless the program has written its output into the file of TROUPE_OUTPUT. What comes from other steps reaches it by its
 * environment and by the file of TROUPE_INPUT, and is code nowhere.
 * Throws RunFailure: ActionFailed for an exit code that is not 0, StartFailed, AgentKilled.
 */
export async function runScript(script: RunScript, context: AdapterContext): Promise<ActionResult> {
  const cwd = await workingDirectory(script, context);
  const files = await writeFiles(script, context);
  const said = createLastLines();
  try {
    const { command, args } = programOf(script, files);
    const exit = await runAgentProcess({
      ...{ command, args, cwd },
      env: {
        ...programEnvironment({}, { ...context, folder: cwd }),
        ...script.env,
        TROUPE_INPUT: files.input,
        TROUPE_OUTPUT: files.output,
      },
      input: '',
      mark: context.runId,
      signal: context.signal,
      clock: context.clock,
      onLine(text) {
        said.add(text);
        context.events.emit('log', { stream: 'stdout', text });
      },
      onErrorLine: (text) => context.events.emit('log', { stream: 'stderr', text }),
    });
    context.events.flush();
    context.signal.throwIfAborted();
    checkExit(exit, said);
    return await resultOf(files, said);
  } finally {
    await rm(files.folder, { recursive: true, force: true });
  }
}

interface ScriptFiles {
  folder: string;
  input: string;
  output: string;
  text: string;
}

/** The folder goes when the script has ended: the next step begins with the same files. */
async function writeFiles({ run, inputs = {} }: RunScript, { home }: AdapterContext): Promise<ScriptFiles> {
  const folder = path.join(home, '.troupe-action');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const files = {
    folder,
    input: path.join(folder, 'input.json'),
    output: path.join(folder, 'output.json'),
    text: path.join(folder, 'script'),
  };
  await writeFile(files.input, JSON.stringify(inputs), { mode: 0o600 });
  await writeFile(files.output, '', { mode: 0o600 });
  if (run !== undefined) await writeFile(files.text, run, { mode: 0o600 });
  return files;
}

function programOf(script: RunScript, { text }: ScriptFiles): { command: string; args: string[] } {
  const { run, shell = DEFAULT_SHELL } = script;
  const [command, ...args] = run === undefined ? (script.command ?? []) : [...shell, text];
  if (command === undefined || command === '')
    throw new RunFailure('StartFailed', 'the script names no program');
  return { command, args };
}

/** Throws RunFailure StartFailed for a folder that is not there: a program would be said to be missing. */
async function workingDirectory(
  { workingDirectory = '.' }: RunScript,
  { folder }: AdapterContext,
): Promise<string> {
  const full = path.resolve(folder, workingDirectory);
  const isInside = full === folder || full.startsWith(`${folder}${path.sep}`);
  if (!isInside)
    throw new RunFailure('StartFailed', `workingDirectory ${workingDirectory} leads out of the workspace`);
  const found = await stat(full).catch(() => undefined); // whatever the reason, nothing can run there
  if (found?.isDirectory() === true) return full;
  throw new RunFailure('StartFailed', `workingDirectory ${workingDirectory} is no folder of the workspace`);
}

function checkExit({ code, signal, stderr }: AgentExit, said: LastLines): void {
  if (code === 0) return;
  const lines = (stderr.trim() === '' ? said.text() : stderr)
    .split('\n')
    .filter((line) => line.trim() !== '');
  const words = lines.length === 0 ? '' : `: ${lines.slice(-MESSAGE_LINES).join(' | ')}`;
  if (signal !== null)
    throw new RunFailure('AgentKilled', cutText(`the script was ended by ${signal}${words}`, MESSAGE_BYTES));
  throw new RunFailure('ActionFailed', cutText(`the script ended with code ${code}${words}`, MESSAGE_BYTES));
}

async function resultOf({ output: file }: ScriptFiles, said: LastLines): Promise<ActionResult> {
  const value = said.text();
  const written = await readOutput(file);
  const output = written === '' ? (said.isWhole() ? jsonOf(value) : undefined) : jsonOf(written);
  if (written !== '' && output === undefined) {
    throw new RunFailure(
      'ActionFailed',
      `the file of TROUPE_OUTPUT does not hold one JSON value, of ${MOST_LEVELS} levels at most`,
    );
  }
  if (output === undefined) return { value };
  checkSize(output);
  return { value, output };
}

/** The script may have put anything in its place: a link is not followed, a pipe not waited for. */
async function readOutput(file: string): Promise<string> {
  const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
  const opened = await open(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new RunFailure('ActionFailed', 'the file of TROUPE_OUTPUT cannot be read', error);
  });
  if (opened === undefined) return '';
  try {
    const found = await opened.stat();
    if (!found.isFile()) throw new RunFailure('ActionFailed', 'the file of TROUPE_OUTPUT is no file');
    if (found.size > MOST_OUTPUT_FILE)
      throw new RunFailure('ActionFailed', 'the file of TROUPE_OUTPUT is too large');
    return (await opened.readFile('utf8')).trim();
  } finally {
    await opened.close();
  }
}

/** White space and escapes aside, the value has to fit into OUTPUT_BYTES. */
const MOST_OUTPUT_FILE = 4 * OUTPUT_BYTES;
