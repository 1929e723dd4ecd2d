import { connect } from '#api/client/connect';
import type { Connection, ConnectOptions } from '#api/client/connect';
import { systemClock } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import { visibleText } from '#api/machinery/visible-text';

/** What a command may touch of the world around it. */
export interface CliContext {
  connect(options: ConnectOptions): Promise<Connection>;
  /** Text for people: controls of a terminal in it are shown, not obeyed. */
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  /** Output for programs, such as JSON: as it is, unless a terminal shows it. */
  readonly data: TextSink;
  /** To standard output; resolves when it is taken. */
  writeBytes(piece: Uint8Array): Promise<void>;
  readonly stdin: AsyncIterable<Uint8Array | string>;
  readonly clock: Clock;
  /** The last one set is what the process ends with. */
  setExitCode(code: number): void;
  /** Calls `fn` for each Ctrl-C instead of ending the process, until the returned function is called. */
  onInterrupt(fn: () => void): () => void;
}

export interface TextSink {
  write(text: string): unknown;
}

/** Shows the controls of a terminal in place of handing them on. */
export const visible = (sink: TextSink): TextSink => ({ write: (text) => sink.write(visibleText(text)) });

/** The context of a real process. */
export function createCliContext(): CliContext {
  // `troupe get tasks | head -1` closes the pipe early: that is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  return {
    connect: (options) => connect({ userAgent: 'troupe', ...options }),
    stdout: visible(process.stdout),
    stderr: visible(process.stderr),
    data: process.stdout.isTTY ? visible(process.stdout) : process.stdout,
    writeBytes: (piece) =>
      new Promise((resolve, reject) => {
        process.stdout.write(piece, (error) => (error ? reject(error) : resolve()));
      }),
    stdin: process.stdin,
    clock: systemClock,
    setExitCode(code) {
      process.exitCode = code;
    },
    onInterrupt(fn) {
      process.on('SIGINT', fn);
      return () => process.off('SIGINT', fn);
    },
  };
}
