import { ToolSchema } from '@modelcontextprotocol/sdk/types.js';
import type { Tool } from '@modelcontextprotocol/sdk/types.js';
import type { ToolLevel } from '#executor-manager/protocol/run';
import type { ConfirmedTool } from './server-configuration.ts';
import { proposedLevel, toolHash } from './tool-hash.ts';

/** Far more than a model can choose from. */
const MOST_TOOLS = 1000;
const MOST_PAGES = 100;
const MOST_BYTES = 8 * 1024 * 1024;
/** Of one tool with its schema and description. */
const MOST_TOOL_BYTES = 64 * 1024;
/** As the protocol has it (server/tools, tool names), and what model services accept. */
const NAME = /^[A-Za-z0-9_./-]{1,128}$/;
const SHOWN_REASONS = 3;

export interface ListedTool {
  tool: Tool;
  hash: string;
  proposedLevel: ToolLevel;
}

export interface ToolList {
  tools: ReadonlyMap<string, ListedTool>;
  /** Why tools were left out, a sentence for people; undefined when all are there. */
  leftOut?: string;
}

/** One page of `tools/list`. */
export type ListPage = (cursor: string | undefined) => Promise<Record<string, unknown>>;

/** Reads the tools of a server, within limits. Throws what the page throws. */
export async function readToolList(page: ListPage): Promise<ToolList> {
  const list = new ListReader();
  let cursor: string | undefined;
  for (let pages = 0; ; pages += 1) {
    if (pages >= MOST_PAGES) {
      list.leaveOut(`the list has more than ${MOST_PAGES} pages`);
      break;
    }
    const { tools, nextCursor } = await page(cursor);
    if (!Array.isArray(tools)) list.leaveOut('a page of the list has no tools');
    else for (const tool of tools) list.add(tool);
    if (typeof nextCursor !== 'string' || nextCursor === '' || list.full) break;
    cursor = nextCursor;
  }
  return list.result();
}

class ListReader {
  readonly #tools = new Map<string, ListedTool>();
  readonly #reasons: string[] = [];
  #leftOut = 0;
  #bytes = 0;
  full = false;

  add(given: unknown): void {
    if (this.full) return;
    const read = readTool(given);
    if (typeof read === 'string') return this.leaveOut(read);
    const { name } = read.tool;
    if (this.#tools.has(name)) return this.leaveOut(`${name} is listed twice`);
    this.#bytes += read.bytes;
    if (this.#tools.size >= MOST_TOOLS || this.#bytes > MOST_BYTES) {
      this.full = true;
      return this.leaveOut(`only the first ${this.#tools.size} tools are taken`);
    }
    this.#tools.set(name, {
      tool: read.tool,
      hash: toolHash(read.tool),
      proposedLevel: proposedLevel(read.tool),
    });
  }

  leaveOut(reason: string): void {
    this.#leftOut += 1;
    // The reason for the end of the list is always shown.
    if (this.#reasons.length < SHOWN_REASONS || this.full) this.#reasons.push(reason);
  }

  result(): ToolList {
    if (this.#leftOut === 0) return { tools: this.#tools };
    const more = this.#leftOut - this.#reasons.length;
    return {
      tools: this.#tools,
      leftOut: `${this.#reasons.join('; ')}${more > 0 ? `; and ${more} more` : ''}`,
    };
  }
}

/** The tool, or why it cannot be used. */
function readTool(given: unknown): { tool: Tool; bytes: number } | string {
  const parsed = ToolSchema.safeParse(given);
  const named = typeof given === 'object' && given !== null && 'name' in given ? given.name : undefined;
  const shown = typeof named === 'string' ? JSON.stringify(named.slice(0, 100)) : 'a tool without a name';
  if (!parsed.success) return `${shown} is not described as the protocol has it`;
  const tool = parsed.data;
  if (!NAME.test(tool.name)) return `${shown} is no name of a tool`;
  const bytes = Buffer.byteLength(JSON.stringify(tool));
  if (bytes <= MOST_TOOL_BYTES) return { tool, bytes };
  return `the description of ${shown} has ${bytes} bytes, more than ${MOST_TOOL_BYTES}`;
}

/**
 * How far a tool can reach: what an administrator has confirmed, as long as the tool still is what was confirmed.
 * Privileged otherwise, whatever the server says.
 */
export function levelOf({ hash }: ListedTool, confirmed: ConfirmedTool | undefined): ToolLevel {
  if (confirmed === undefined) return 'privileged';
  return confirmed.hash === undefined || confirmed.hash === hash ? confirmed.level : 'privileged';
}
