import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import type { Clock } from '../clock.ts';
import { canonicalJson } from './tool-hash.ts';

const MOST_BYTES = 16 * 1024 * 1024;
/** A tool reads again what it has read an hour ago. */
const KEEP_MS = 60 * 60_000;

/** A result of a tool that only reads. */
export interface KeptResult {
  key: string;
  result: CallToolResult;
  /** When it was got; milliseconds since the epoch. */
  at: number;
}

/** A call, by all that its result depends on. */
export interface CachedCall {
  /** The server, as it is configured. */
  server: string;
  tool: string;
  /** Of the tool as the server describes it. */
  hash: string;
  input: unknown;
}

/** Results by server, tool and arguments, the oldest given up first. */
export class ResultCache {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #results = new Map<string, Omit<KeptResult, 'key'> & { bytes: number }>();
  #bytes = 0;

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  find(call: CachedCall): CallToolResult | undefined {
    const found = this.#results.get(keyOf(call));
    return found !== undefined && this.#isFresh(found.at) ? found.result : undefined;
  }

  keep(call: CachedCall, result: CallToolResult): void {
    this.#add({ key: keyOf(call), result, at: this.#clock.now() });
  }

  /** Takes what an earlier run has left; what is too old, or of the future, is left out. */
  take(results: readonly KeptResult[]): void {
    for (const kept of results) if (this.#isFresh(kept.at)) this.#add(kept);
  }

  /** Those of some servers, the oldest first. */
  of(servers: ReadonlySet<string>): KeptResult[] {
    return [...this.#results].flatMap(([key, { result, at }]) =>
      servers.has((JSON.parse(key) as string[])[0] ?? '') ? [{ key, result, at }] : [],
    );
  }

  #isFresh(at: number): boolean {
    const age = this.#clock.now() - at;
    return age >= 0 && age < KEEP_MS;
  }

  #add({ key, result, at }: KeptResult): void {
    const bytes = key.length + Buffer.byteLength(JSON.stringify(result));
    if (bytes > MOST_BYTES / 4) return;
    this.#bytes += bytes - (this.#results.get(key)?.bytes ?? 0);
    this.#results.delete(key);
    this.#results.set(key, { result, at, bytes });
    for (const [oldest, { bytes: size }] of this.#results) {
      if (this.#bytes <= MOST_BYTES) break;
      this.#results.delete(oldest);
      this.#bytes -= size;
    }
  }
}

function keyOf({ server, tool, hash, input }: CachedCall): string {
  return canonicalJson([server, tool, hash, input]);
}
