import type { Duplex } from 'node:stream';
import type { ExecStartOptions } from 'dockerode';
import { StatusError } from '#api/machinery/status-error';
import { EXEC_ID_VARIABLE } from '../../protocol/exec.ts';
import type { ExecOutput, ExecProcess, ExecSpec } from '../driver.ts';
import { USER } from './container-options.ts';
import { engineError } from './engine-connection.ts';
import type { EngineConnection } from './engine-connection.ts';

/** The environment of the container has no token of a run: the runner gives those to its agent only. */
const ENVIRONMENT = ['HOME=/home/agent', 'USER=agent'];
const WORKING_FOLDER = '/workspace';

/** The size that the terminal has when the program begins; engines before 23.0 (API 1.42) do not look at it. */
type ExecStart = ExecStartOptions & { ConsoleSize?: [rows: number, columns: number] };

/**
 * Runs a program in a running container (Engine API, ContainerExec). The engine has no way to end it: the runner does that
 * (protocol/exec), by the mark in the environment.
 * @throws StatusError
 */
export async function execInContainer(
  { calls, streams, address }: EngineConnection,
  container: string,
  { id, command, stdin, tty, size }: ExecSpec,
): Promise<ExecProcess> {
  try {
    const made = await calls.getContainer(container).exec({
      Cmd: [...command],
      ...{ AttachStdin: stdin, AttachStdout: true, AttachStderr: true, Tty: tty },
      ...{ User: USER, Privileged: false, WorkingDir: WORKING_FOLDER },
      Env: [...ENVIRONMENT, `${EXEC_ID_VARIABLE}=${id}`],
    });
    const exec = streams.getExec(made.id);
    const start: ExecStart = { hijack: true, stdin, Tty: tty };
    if (size !== undefined) start.ConsoleSize = [size.rows, size.columns];
    const connection: Duplex = await exec.start(start);
    return {
      input: connection,
      output: tty ? terminalOutput(connection) : demultiplexed(connection),
      async resize({ columns, rows }) {
        await exec.resize({ w: columns, h: rows });
      },
      async exitCode() {
        const { ExitCode } = await calls.getExec(made.id).inspect();
        if (ExitCode === null) throw new StatusError('InternalError', 'the program has not ended');
        return ExitCode;
      },
      close: () => void connection.destroy(),
    };
  } catch (error) {
    throw engineError(error, address);
  }
}

async function* terminalOutput(connection: Duplex): AsyncGenerator<ExecOutput> {
  for await (const data of connection as AsyncIterable<Buffer>) yield { stream: 'stdout', data };
}

/** A frame: which of the two, three zeros, the length in four bytes, the data (Engine API, "Stream format"). */
const HEADER_BYTES = 8;
const STDERR = 2;

/** Exported for tests. */
export async function* demultiplexed(connection: AsyncIterable<Buffer>): AsyncGenerator<ExecOutput> {
  let header = Buffer.alloc(0);
  let stream: ExecOutput['stream'] = 'stdout';
  let left = 0;
  for await (let chunk of connection) {
    while (chunk.length > 0) {
      if (left > 0) {
        const data = chunk.subarray(0, left);
        left -= data.length;
        chunk = chunk.subarray(data.length);
        yield { stream, data };
        continue;
      }
      const part = chunk.subarray(0, HEADER_BYTES - header.length);
      chunk = chunk.subarray(part.length);
      header = Buffer.concat([header, part]);
      if (header.length < HEADER_BYTES) continue;
      stream = header[0] === STDERR ? 'stderr' : 'stdout';
      left = header.readUInt32BE(4);
      header = Buffer.alloc(0);
    }
  }
}
