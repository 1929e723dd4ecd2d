import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { RunFailure } from '../../run-failure.ts';
import type { AdapterContext, AgentModel, AgentRequest } from '../adapter.ts';

/** The files that a program can be told of. */
export interface CommandFiles {
  prompt: string;
  systemPrompt: string;
  /** MCP servers in the form that most programs read: `{"mcpServers": {NAME: {type, url, headers}}}`. */
  mcpServers: string;
  /** Where its answer can go. */
  result: string;
}

export interface CommandLine {
  command: string;
  args: string[];
  env: Record<string, string>;
}

/** Throws the system's error. */
export async function prepareFiles(request: AgentRequest, context: AdapterContext): Promise<CommandFiles> {
  const folder = path.join(context.home, '.troupe');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const files: CommandFiles = {
    prompt: path.join(folder, 'prompt.md'),
    systemPrompt: path.join(folder, 'system-prompt.md'),
    mcpServers: path.join(folder, 'mcp.json'),
    result: path.join(folder, 'result'),
  };
  const mcpServers = Object.fromEntries(
    context.toolServers.map(({ name, url, token }) => [
      name,
      { type: 'http', url, headers: { Authorization: `Bearer ${token}` } },
    ]),
  );
  const write = (file: string, text: string): Promise<void> => writeFile(file, text, { mode: 0o600 });
  await write(files.prompt, request.prompt);
  await write(files.systemPrompt, request.agent.systemPrompt ?? '');
  await write(files.mcpServers, JSON.stringify({ mcpServers }));
  return files;
}

/**
 * The program with its arguments, in which `{{prompt}}`, `{{promptFile}}`, `{{systemPromptFile}}`, `{{mcpFile}}`,
 * `{{resultFile}}`, `{{model}}` and `{{folder}}` are put in; no shell reads them. The same, but for the prompt, is in
 * the environment. Throws RunFailure StartFailed where there is no command, or a name is not known.
 */
export function commandLine(
  { shell, prompt, model }: AgentRequest,
  { context, files }: { context: AdapterContext; files: CommandFiles },
): CommandLine {
  const [command, ...args] = shell.command ?? [];
  if (command === undefined || command === '') {
    throw new RunFailure('StartFailed', `a Shell of type ${shell.type} needs spec.command`);
  }
  const values: Record<string, string> = {
    prompt,
    promptFile: files.prompt,
    systemPromptFile: files.systemPrompt,
    mcpFile: files.mcpServers,
    resultFile: files.result,
    model: model?.name ?? '',
    folder: context.folder,
  };
  const { environment, home } = context;
  return {
    command,
    args: args.map((arg) => filled(arg, values)),
    env: {
      ...environment,
      ...model?.env,
      ...shell.env,
      ...modelVariables(model),
      HOME: home,
      PWD: context.folder,
      TMPDIR: path.join(home, 'tmp'),
      TROUPE_PROMPT_FILE: files.prompt,
      TROUPE_SYSTEM_PROMPT_FILE: files.systemPrompt,
      TROUPE_MCP_FILE: files.mcpServers,
      TROUPE_RESULT_FILE: files.result,
    },
  };
}

function filled(arg: string, values: Record<string, string>): string {
  return arg.replaceAll(/\{\{([A-Za-z]*)\}\}/g, (_, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value !== undefined) return value;
    throw new RunFailure(
      'StartFailed',
      `{{${name}}} in spec.command is not known; known: ${Object.keys(values).join(', ')}`,
    );
  });
}

/** The variables that programs of each protocol read; address and key are those of the run. */
function modelVariables(model: AgentModel | undefined): Record<string, string> {
  if (model === undefined) return {};
  const { protocol, name, baseURL, apiKey } = model;
  const prefix = protocol === 'anthropic' ? 'ANTHROPIC' : 'OPENAI';
  return {
    ...(name === '' ? {} : { TROUPE_MODEL: name, [`${prefix}_MODEL`]: name }),
    [`${prefix}_BASE_URL`]: baseURL,
    [`${prefix}_API_KEY`]: apiKey,
  };
}
