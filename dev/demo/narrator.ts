import { runCommand } from '../run-command.ts';

export interface NarratorOptions {
  /** Environment of every command shown. */
  env: NodeJS.ProcessEnv;
  signal: AbortSignal;
}

/** Tells a person what happens, and runs the commands that this person would type. */
export interface Narrator {
  say(text: string): void;
  /** Shows a command without running it, because it runs already. */
  show(command: string): void;
  /** Shows a shell command and runs it on our terminal. Throws when it fails. */
  run(command: string): Promise<void>;
  /** Adds variables to the environment of the commands that follow. */
  export(variables: Record<string, string>): void;
}

const bold = (text: string): string => (process.stdout.isTTY ? `\u001B[1m${text}\u001B[22m` : text);

export function narrator(options: NarratorOptions): Narrator {
  const env = { ...options.env };
  const show = (command: string): void => console.log(bold(`$ ${command}`));
  return {
    say: (text) => console.log(`\n# ${text}`),
    show,
    export: (variables) => void Object.assign(env, variables),
    async run(command) {
      options.signal.throwIfAborted();
      show(command);
      const { ok } = await runCommand(['sh', '-c', command], { env, live: true, signal: options.signal });
      options.signal.throwIfAborted();
      if (!ok) throw new Error(`the command failed: ${command}`);
    },
  };
}
