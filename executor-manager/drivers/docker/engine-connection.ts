import Docker from 'dockerode';
import { badRequest, isStatusError, StatusError } from '#api/machinery/status-error';
import type { StatusReason } from '#api/machinery/status-error';

/** One Docker engine. */
export interface EngineConnection {
  /** As in DOCKER_HOST. */
  readonly address: string;
  /** For calls that end: they fail when the engine is silent for long. */
  readonly calls: Docker;
  /** For streams, which may be silent for as long as they like. */
  readonly streams: Docker;
  /** Host on which published ports are reached from here. */
  readonly host: string;
  /** Address of the engine's host to publish ports on. */
  readonly publishHost: string;
}

/** Makes one call to an engine. Throws its failure as a StatusError, see engineError. */
export type EngineCall = <T>(act: (docker: Docker) => Promise<T>) => Promise<T>;

/** An engine may take long to create a container on a slow disk, but not to say nothing at all. */
const SILENCE_MS = 60_000;

/** @throws StatusError BadRequest for an address that cannot be understood. */
export function connectEngine(address: string): EngineConnection {
  const where = parseAddress(address);
  const local = 'socketPath' in where || isLoopback(where.host);
  const host = 'socketPath' in where ? '127.0.0.1' : where.host;
  return {
    address,
    calls: new Docker({ ...where, timeout: SILENCE_MS }),
    streams: new Docker(where),
    host,
    // On another machine the port has to be reachable from here; the token guards it.
    publishHost: local ? '127.0.0.1' : '0.0.0.0',
  };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

function parseAddress(
  address: string,
): { socketPath: string; host: string } | { host: string; port: number; protocol: 'http' | 'https' } {
  if (address.startsWith('/')) return { socketPath: address, host: '' };
  // An empty host: dockerode prefers a host, which it may find in DOCKER_HOST, over the socket it is given.
  if (address.startsWith('unix://')) return { socketPath: address.slice('unix://'.length), host: '' };
  const match = /^(tcp|http|https):\/\/(\[[^\]]+\]|[^:/]+)(?::(\d+))?\/?$/.exec(address);
  if (match === null) {
    throw badRequest(`DOCKER_HOST must be unix://PATH or tcp://HOST:PORT, not "${address}"`);
  }
  const tls = match[1] === 'https' || match[3] === '2376';
  return {
    host: (match[2] ?? '').replaceAll(/[[\]]/g, ''),
    port: Number(match[3] ?? (tls ? 2376 : 2375)),
    protocol: tls ? 'https' : 'http',
  };
}

const REASONS: ReadonlyMap<number, StatusReason> = new Map([
  [304, 'Conflict'],
  [400, 'BadRequest'],
  [403, 'Forbidden'],
  [404, 'NotFound'],
  [409, 'Conflict'],
]);

/** What dockerode throws, as a StatusError; everything that is not an answer means the engine is away. */
export function engineError(error: unknown, address: string): StatusError {
  if (isStatusError(error)) return error;
  const { statusCode, json, message } = error as {
    statusCode?: number;
    json?: { message?: string };
    message?: string;
  };
  if (statusCode === undefined) {
    return new StatusError('ServiceUnavailable', awayMessage(error as NodeJS.ErrnoException, address), {
      cause: error,
    });
  }
  const text = json?.message ?? message ?? `HTTP ${statusCode}`;
  // Whichever way the engine says it, depending on who holds the port: itself or another program.
  const portTaken = /port is already allocated|address already in use|ports are not available/i.test(text);
  const reason = portTaken ? 'Conflict' : (REASONS.get(statusCode) ?? 'InternalError');
  return new StatusError(reason, `Docker engine: ${text.trim()}`, { cause: error });
}

function awayMessage(error: NodeJS.ErrnoException, address: string): string {
  if (error.code === 'EACCES') {
    return `no permission for the Docker engine at ${address}: run as root or as a member of the group docker`;
  }
  const why = error.code ?? error.message;
  return `no Docker engine answers at ${address} (${why}): start Docker, or name a running engine in DOCKER_HOST`;
}
