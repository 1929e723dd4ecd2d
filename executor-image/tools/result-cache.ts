import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import { canonicalJson } from './tool-hash.ts';

const MOST_BYTES = 16 * 1024 * 1024;

/** Results of a run by tool and arguments, the oldest given up first. */
export class ResultCache {
  readonly #results = new Map<string, { result: CallToolResult; bytes: number }>();
  #bytes = 0;

  find(tool: string, input: unknown): CallToolResult | undefined {
    return this.#results.get(keyOf(tool, input))?.result;
  }

  keep(tool: string, input: unknown, result: CallToolResult): void {
    const bytes = Buffer.byteLength(JSON.stringify(result));
    if (bytes > MOST_BYTES / 4) return;
    const key = keyOf(tool, input);
    this.#bytes += bytes - (this.#results.get(key)?.bytes ?? 0);
    this.#results.delete(key);
    this.#results.set(key, { result, bytes });
    for (const [oldest, { bytes: size }] of this.#results) {
      if (this.#bytes <= MOST_BYTES) break;
      this.#results.delete(oldest);
      this.#bytes -= size;
    }
  }

  clear(): void {
    this.#results.clear();
    this.#bytes = 0;
  }
}

function keyOf(tool: string, input: unknown): string {
  return canonicalJson([tool, input]);
}
