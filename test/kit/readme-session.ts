import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { evidence } from './evidence.ts';
import { ROOT } from './paths.ts';

/** One command of a document, and what it prints there. */
export interface ShownCommand {
  /** Several lines where those after the first begin with `> `. */
  command: string;
  /** Lines. `…` stands for any text within a line, and for any lines where it is the whole line. */
  output: string[];
}

/** The commands of all blocks `console`, which are one session of a shell: variables and jobs stay. */
export function shownCommands(markdown: string): ShownCommand[] {
  const commands: ShownCommand[] = [];
  for (const [, block = ''] of markdown.matchAll(/^```console\n([\s\S]*?)^```/gm))
    for (const line of block.trimEnd().split('\n')) addLine(commands, line);
  return commands;
}

function addLine(commands: ShownCommand[], line: string): void {
  const last = commands.at(-1);
  if (line.startsWith('$ ')) commands.push({ command: line.slice(2), output: [] });
  else if (last === undefined) throw new Error(`no command before: ${line}`);
  else if (line.startsWith('> ') && last.output.length === 0) last.command += `\n${line.slice(2)}`;
  else last.output.push(line);
}

/** Within a line. */
const SPACES = String.raw`[^\S\n]`;

/** Whether a command printed what the document shows. The width of columns does not count: it depends on ages and names. */
export function isShown(output: readonly string[], printed: string): boolean {
  const lines = output.map((line) =>
    line.trim() === '…' ? String.raw`(?:.*\n)*?` : `${SPACES}*${linePattern(line)}${SPACES}*\n`,
  );
  return new RegExp(`^${lines.join('')}$`).test(`${printed}\n`.replace(/^\n$/, ''));
}

const linePattern = (line: string): string =>
  line
    .trim()
    .split('…')
    .map((part) => part.split(/\s+/).map(escaped).join(`${SPACES}+`))
    .join('.*');

const escaped = (word: string): string => word.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`);

/** Written behind the output of a command: the separator of records (ASCII). */
const END = '\u001E';

export interface ReadmeSession extends AsyncDisposable {
  /** The text that the command prints to both outputs, without spaces at the ends. */
  run(command: string): Promise<string>;
}

/** A shell that finds `troupe` and kubectl, in `cwd`. Programs that it has started in the background end with it. */
export function readmeSession(options: { cwd: string; kubeconfig: string }): ReadmeSession {
  const env = {
    ...process.env,
    KUBECONFIG: options.kubeconfig,
    PATH: `${path.join(ROOT, 'bin')}:${process.env['PATH'] ?? ''}`,
  };
  const shell = spawn('bash', { cwd: options.cwd, env, detached: true, stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(shell, 'exit');
  const heard: string[] = [];
  const said = evidence('the session', () => heard.join('\n'));
  shell.stdout.setEncoding('utf8');
  return {
    async run(command) {
      shell.stdin.write(`{ ${command}\n} 2>&1 </dev/null; printf '\\036'\n`);
      let printed = '';
      for await (const piece of shell.stdout.iterator({ destroyOnReturn: false })) {
        printed += String(piece);
        if (printed.endsWith(END)) break;
      }
      const text = printed.replace(END, '').trimEnd();
      heard.push(`$ ${command}`, text);
      return text;
    },
    async [Symbol.asyncDispose]() {
      // The group: the shell itself, and the jobs that it started.
      if (shell.exitCode === null) process.kill(-(shell.pid ?? 0), 'SIGKILL');
      await exited;
      said[Symbol.dispose]();
    },
  };
}
