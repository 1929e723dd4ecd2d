import { startProcess } from '#dev/environment/process';
import type { RunningProcess } from '#dev/environment/process';

/** A program that says what it does, line by line, while it goes on. */
export interface BackgroundProgram extends AsyncDisposable {
  readonly pid: number;
  /** Resolves once the program has printed the line. */
  says(line: string): Promise<void>;
  /** Ends it without a chance to clean up. */
  kill(): Promise<void>;
}

export async function startProgram(
  command: string,
  args: readonly string[],
  env: Record<string, string>,
): Promise<BackgroundProgram> {
  const lines = new Set<string>();
  const running: RunningProcess = await startProcess({
    command,
    args,
    env: { ...process.env, ...env },
    onLine: (line) => lines.add(line),
  });
  return {
    pid: running.pid,
    says: (line) => running.until({ what: `say "${line}"`, ready: () => lines.has(line), timeoutMs: 80_000 }),
    async kill() {
      process.kill(running.pid, 'SIGKILL');
      await running.exited;
    },
    [Symbol.asyncDispose]: () => running.stop(),
  };
}
