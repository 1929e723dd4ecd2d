import type { ServerHttp2Stream } from 'node:http2';
import type { Clock } from '#api/machinery/clock';
import type { Logger } from '#api/machinery/logger';
import { StatusError } from '#api/machinery/status-error';
import type { Sandbox } from '#api/types/generated/sandbox';
import type { PodStreamRequest } from '#api/types/sandboxes/pod-stream';
import type { Runtime } from '../drivers/driver.ts';
import type { RunnerClients } from '../run/runner-clients.ts';
import type { RuntimeHosts } from '../runtime/runtime-host.ts';

export interface PodStreamsOptions {
  /** The Sandbox of this executor as the watch last showed it. */
  find: (namespace: string, name: string) => Sandbox | undefined;
  hosts: RuntimeHosts;
  runners: RunnerClients;
  tokenFor: (runnerID: string) => { token: string };
  clock: Clock;
  logger: Logger;
}

/** A stream of a Pod, and the Sandbox that it is to. */
export interface StreamContext extends PodStreamsOptions {
  request: PodStreamRequest;
  query: URLSearchParams;
  sandbox: Sandbox;
  runtimeID: string;
}

/** The runtime that the stream is to. @throws StatusError NotFound when it is gone */
export async function runtimeOfStream({ sandbox, runtimeID, hosts }: StreamContext): Promise<Runtime> {
  const runtime = (await hosts.of(sandbox).driver.list()).find(({ id }) => id === runtimeID);
  if (runtime === undefined) throw new StatusError('NotFound', 'the sandbox is gone');
  return runtime;
}

/** A stream that was found to be possible: takes over the connection with the user's bytes until it ends. */
export type PreparedStream = (connection: ServerHttp2Stream) => Promise<void>;

/** Whether the query says yes to an option (apimachinery pkg/runtime/conversion.go). */
export const isAsked = (query: URLSearchParams, name: string): boolean =>
  query.has(name) && !/^(?:0|false)$/i.test(query.get(name) ?? '');
