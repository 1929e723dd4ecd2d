import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';

export interface ServiceRequest {
  method: 'GET' | 'POST';
  /** On loopback: what listens there hands the call on to the service. */
  url: string;
  headers: Readonly<Record<string, string>>;
  body?: string | Uint8Array;
  signal: AbortSignal;
}

/**
 * The answer, as soon as its head is there. Not by `fetch`, which gives up on a service that is silent for five minutes:
 * the limits are those of the run. Rejects with the system's error, and when `signal` aborts.
 */
export function sendRequest({
  method,
  url,
  headers,
  body,
  signal,
}: ServiceRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request(url, { method, headers, agent: false, signal })
      .on('response', resolve)
      .on('error', reject)
      .end(body);
  });
}

/** The part that is read of an answer that is an error. */
const ERROR_BYTES = 64 * 1024;

/** The beginning of a body, as far as it came. Throws the signal's reason. */
export async function firstBytes(
  body: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
  most = ERROR_BYTES,
): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of body) {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= most) break;
    }
  } catch {
    signal.throwIfAborted(); // broken off otherwise: the status says enough
  }
  return Buffer.concat(chunks).toString('utf8', 0, Math.min(size, most));
}

export const MAX_TRIES = 4;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;

/** How long to wait after that many failures; `asked` is what the service asks for. */
export function waitAfter(failures: number, asked?: number): number {
  return Math.min(LONGEST_WAIT_MS, asked ?? FIRST_WAIT_MS * 2 ** (failures - 1));
}

/** Milliseconds that a service asks to wait. */
export function retryAfter({ headers }: IncomingMessage): number | undefined {
  const seconds = Number(headers['retry-after'] ?? Number.NaN);
  return seconds >= 0 ? seconds * 1000 : undefined;
}
