import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { PassThrough, Writable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import type { ExecOutput, ExecProcess, ExecSpec } from '#executor-manager/drivers/driver';

/** Programs that users run in a made-up sandbox: those of this machine, and `endless` and `deaf`. */
export class PodPrograms {
  /** How many bytes each endless program has said. */
  readonly said: number[] = [];
  /** The endless ones that have been let go, by their place in `said`. */
  readonly letGo = new Set<number>();
  /** Bytes that deaf programs have got, which take nothing more. */
  swallowed = 0;

  readonly exec = (_id: string, { command, stdin }: ExecSpec): Promise<ExecProcess> => {
    const [program = '', ...args] = command;
    if (program === 'endless') return Promise.resolve(this.#endless());
    if (program === 'deaf') return Promise.resolve(this.#deaf());
    return Promise.resolve(local(program, args, stdin));
  };

  #endless(): ExecProcess {
    const { said, letGo } = this;
    const index = said.push(0) - 1;
    async function* output(): AsyncGenerator<ExecOutput> {
      while (!letGo.has(index)) {
        said[index] = (said[index] ?? 0) + PIECE.length;
        yield { stream: 'stdout', data: PIECE };
        await setImmediate();
      }
    }
    return { ...SILENT, input: new PassThrough(), output: output(), close: () => void letGo.add(index) };
  }

  #deaf(): ExecProcess {
    const output = new PassThrough();
    const input = new Writable({
      // It never says that it has taken something.
      write: (chunk: Buffer) => {
        this.swallowed += chunk.length;
      },
    });
    return { ...SILENT, input, output: outputOf(output), close: () => void output.end() };
  }
}

/** The bytes that an endless program writes at once. */
export const PIECE = Buffer.alloc(32 * 1024, 'y');

const SILENT = { resize: () => Promise.resolve(), exitCode: () => Promise.resolve(0) };

function local(program: string, args: readonly string[], stdin: boolean): ExecProcess {
  const child = spawn(program, args, { stdio: 'pipe' });
  child.stdin.on('error', () => undefined);
  if (!stdin) child.stdin.end();
  const exited = once(child, 'close') as Promise<[number]>;
  return {
    ...SILENT,
    input: child.stdin,
    output: outputOf(child.stdout),
    exitCode: async () => (await exited)[0],
    close: () => void child.kill('SIGKILL'),
  };
}

async function* outputOf(stream: AsyncIterable<Buffer>): AsyncGenerator<ExecOutput> {
  for await (const data of stream) yield { stream: 'stdout', data };
}
