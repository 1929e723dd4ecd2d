import { PassThrough, Writable } from 'node:stream';
import type { WebSocket } from 'ws';
import { StatusError } from '#api/machinery/status-error';
import type { Status } from '#api/machinery/status-error';
import { EXEC_ID_VARIABLE } from '../../protocol/exec.ts';
import type { ExecOutput, ExecProcess, ExecSpec, TerminalSize } from '../driver.ts';
import type { ClusterConnection } from './cluster-connection.ts';
import { CONTAINER } from './pod-manifest.ts';
import { openPodSocket } from './pod-socket.ts';

/** The channels of `vN.channel.k8s.io` (apiserver, streaming of remotecommand), and what closes one (KEP-4006, v5). */
const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, status: 3, resize: 4, close: 255 } as const;
const PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];

/**
 * Runs a program in the container of a Pod (pods/exec). A Pod's environment has no token of a run: the runner gives
 * those to its agent only. A cluster cannot end the program; the runner does, by the mark in its environment.
 * @throws StatusError
 */
export async function execInPod(
  connection: Pick<ClusterConnection, 'dial' | 'namespace'>,
  pod: string,
  spec: ExecSpec,
): Promise<ExecProcess> {
  const query = new URLSearchParams([
    ['container', CONTAINER],
    ['stdin', String(spec.stdin)],
    ['stdout', 'true'],
    // A terminal has one output.
    ['stderr', String(!spec.tty)],
    ['tty', String(spec.tty)],
    ...marked(spec).map((word) => ['command', word] as [string, string]),
  ]);
  const request = { pod, subresource: 'exec' as const, query, protocols: PROTOCOLS };
  const socket = await openPodSocket(connection, request);
  const running = new PodProcess(socket);
  if (spec.size !== undefined) await running.resize(spec.size);
  return running;
}

/** A Pod has no field for the environment of such a program. */
function marked({ id, command }: ExecSpec): string[] {
  const variables = ['HOME=/home/agent', 'USER=agent', `${EXEC_ID_VARIABLE}=${id}`];
  return ['/opt/troupe/bin/env', ...variables, ...command];
}

class PodProcess implements ExecProcess {
  readonly input: Writable;
  readonly output: AsyncIterable<ExecOutput>;
  readonly #socket: WebSocket;
  readonly #status = Promise.withResolvers<Status>();

  constructor(socket: WebSocket) {
    this.#socket = socket;
    this.input = this.#inputOf(socket);
    this.output = this.#outputOf(socket);
    // Whoever asks for the code is told.
    this.#status.promise.catch(() => undefined);
    socket.resume();
  }

  async resize({ columns, rows }: TerminalSize): Promise<void> {
    const size = JSON.stringify({ Width: columns, Height: rows });
    this.#socket.send(message(CHANNEL.resize, Buffer.from(size)));
  }

  async exitCode(): Promise<number> {
    const status = await this.#status.promise;
    if (status.status === 'Success') return 0;
    const found = status.details?.causes?.find(({ reason }) => reason === 'ExitCode');
    if (found !== undefined) return Number(found.message);
    throw new StatusError(status.reason ?? 'InternalError', status.message ?? 'the program cannot be run');
  }

  close(): void {
    this.#socket.terminate();
  }

  #inputOf(socket: WebSocket): Writable {
    return new Writable({
      write: (data: Buffer, _encoding, done) => socket.send(message(CHANNEL.stdin, data), done),
      final(done) {
        // Before v5 there is no way to say it but to go.
        if (socket.protocol !== PROTOCOLS[0]) return done();
        return socket.send(Buffer.from([CHANNEL.close, CHANNEL.stdin]), done);
      },
    });
  }

  #outputOf(socket: WebSocket): AsyncIterable<ExecOutput> {
    const output = new PassThrough({ objectMode: true });
    socket.on('message', (data: Buffer) => this.#take(data, output));
    socket.once('close', () => {
      output.end();
      this.#status.reject(new StatusError('ServiceUnavailable', 'the cluster has closed the connection'));
    });
    return output as AsyncIterable<ExecOutput>;
  }

  /** Whatever comes in place of a Status must not end the manager. */
  #end(data: Buffer): void {
    try {
      this.#status.resolve(JSON.parse(data.toString('utf8')) as Status);
    } catch (cause) {
      const text = 'the cluster has not said how the program ended';
      this.#status.reject(new StatusError('InternalError', text, { cause }));
    }
  }

  #take(data: Buffer, output: PassThrough): void {
    const [channel, rest] = [data[0], data.subarray(1)];
    if (channel === CHANNEL.status) this.#end(rest);
    if (rest.length === 0 || (channel !== CHANNEL.stdout && channel !== CHANNEL.stderr)) return;
    const piece: ExecOutput = { stream: channel === CHANNEL.stdout ? 'stdout' : 'stderr', data: rest };
    if (output.write(piece)) return;
    // Nothing further is read of the connection until this was taken.
    this.#socket.pause();
    output.once('drain', () => this.#socket.resume());
  }
}

const message = (channel: number, data: Buffer): Buffer => Buffer.concat([Buffer.from([channel]), data]);
