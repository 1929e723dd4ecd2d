import type { ToolLevel } from '#executor-manager/protocol/run';

/** How an MCP server is reached; secret, it never leaves the runner. */
export type ServerTransport =
  | { type: 'stdio'; command: string; args: string[]; env: Record<string, string>; cwd?: string }
  | { type: 'http' | 'sse'; url: URL; headers: Record<string, string> };

/** A tool that an administrator has looked at. */
export interface ConfirmedTool {
  level: ToolLevel;
  /** Of the tool as it was looked at (tool-hash.ts); whatever it is like when absent. */
  hash?: string;
}

export interface ServerConfiguration {
  name: string;
  transport: ServerTransport;
  /** Whether the agent cannot do without it: the run fails when it cannot be used. */
  required: boolean;
  /** For the start of the program and the answer to `initialize`, and for each page of the list of tools. */
  startSeconds: number;
  /** Without a sign of life from the tool. */
  callSeconds: number;
  /** Whether results of tools that only read are kept. */
  cacheResults: boolean;
  /**
   * Names the server with its settings and credentials, so that results are kept for later runs of the Task. Absent: for
   * this run only, as with a program, whose results depend on files that change.
   */
  cacheScope?: string;
  tools: ReadonlyMap<string, ConfirmedTool>;
}

const DEFAULT_START_SECONDS = 30;
/** Below the idle limit of a run: the agent learns of a tool that hangs. */
const DEFAULT_CALL_SECONDS = 280;
const MOST_SECONDS = 86_400;

const LEVELS: readonly string[] = ['readOnly', 'safe', 'privileged'];
/** Programs make names of tools out of it, and the gate a path. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/**
 * An entry of Ghost.spec.mcpServers, in any of the forms that programs have for it. Fields of other programs are left
 * alone. Throws an Error that names the field.
 */
export function readServerConfiguration(name: string, entry: unknown): ServerConfiguration {
  if (!NAME.test(name)) {
    throw new Error('the name of a server has letters, digits and .-_ only, and at most 64 of them');
  }
  const given = record(entry, 'the server');
  const transport = readTransport(given);
  const { cacheScope } = given;
  return {
    name,
    transport,
    ...(typeof cacheScope === 'string' && transport.type !== 'stdio' ? { cacheScope } : {}),
    required: boolean(given, 'required'),
    startSeconds: seconds(given, 'startSeconds') ?? DEFAULT_START_SECONDS,
    callSeconds: seconds(given, 'callSeconds') ?? DEFAULT_CALL_SECONDS,
    cacheResults: boolean(given, 'cacheResults'),
    tools: readTools(given['toolLevels']),
  };
}

/** Why nobody is to try the server, where the executor manager knows that it does not work. */
export function whyUnavailable(entry: unknown): string | undefined {
  const { unavailable } = (entry ?? {}) as { unavailable?: unknown };
  return typeof unavailable === 'string' ? unavailable : undefined;
}

/** Whether the run needs the server, also where the rest of the entry cannot be read. */
export function isRequired(entry: unknown): boolean {
  return typeof entry === 'object' && entry !== null && (entry as { required?: unknown }).required === true;
}

function readTransport(given: Record<string, unknown>): ServerTransport {
  const type = given['type'] ?? given['transport'];
  const url = given['url'] ?? given['base_url'] ?? given['serverUrl'];
  if (url === undefined) {
    const cwd = given['cwd'];
    return {
      type: 'stdio',
      command: text(given['command'], 'command'),
      args: list(given['args'] ?? [], 'args').map((item, index) => argument(item, `args.${index}`)),
      env: texts(given['env'] ?? {}, 'env'),
      ...(cwd === undefined ? {} : { cwd: text(cwd, 'cwd') }),
    };
  }
  const address = text(url, 'url');
  if (!URL.canParse(address)) throw new Error('url is not a URL');
  const parsed = new URL(address);
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:')
    throw new Error('url must begin with http:// or https://');
  return {
    type: type === 'sse' ? 'sse' : 'http',
    url: parsed,
    headers: headers(given['headers'] ?? {}),
  };
}

function headers(given: unknown): Record<string, string> {
  const read = texts(given, 'headers');
  for (const [name, value] of Object.entries(read)) {
    // The message of the platform's own check would quote the value.
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name))
      throw new Error(`headers: ${JSON.stringify(name)} is no name of a header`);
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value))
      throw new Error(`headers.${name} has a character that a header cannot have`);
  }
  return read;
}

function readTools(given: unknown): Map<string, ConfirmedTool> {
  if (given === undefined) return new Map();
  return new Map(
    list(given, 'toolLevels').map((item, index) => {
      const field = `toolLevels.${index}`;
      const { name, level, hash } = record(item, field);
      if (typeof level !== 'string' || !LEVELS.includes(level)) {
        throw new Error(`${field}.level must be one of ${LEVELS.join(', ')}`);
      }
      return [
        text(name, `${field}.name`),
        {
          level: level as ToolLevel,
          ...(hash === undefined ? {} : { hash: text(hash, `${field}.hash`) }),
        },
      ];
    }),
  );
}

function record(value: unknown, field: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new Error(`${field} must be an object`);
}

function list(value: unknown, field: string): unknown[] {
  if (Array.isArray(value)) return value;
  throw new Error(`${field} must be a list`);
}

function text(value: unknown, field: string): string {
  if (typeof value === 'string' && value !== '') return withoutNul(value, field);
  throw new Error(`${field} must be a text`);
}

function argument(value: unknown, field: string): string {
  if (typeof value === 'string') return withoutNul(value, field);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new Error(`${field} must be a text`);
}

/** Node would quote the text, which may be secret, in its error. */
function withoutNul(value: string, field: string): string {
  if (value.includes('\0')) throw new Error(`${field} must not contain a NUL`);
  return value;
}

function texts(value: unknown, field: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(record(value, field)).map(([name, item]) => [name, argument(item, `${field}.${name}`)]),
  );
}

function boolean(given: Record<string, unknown>, field: string): boolean {
  const value = given[field] ?? false;
  if (typeof value === 'boolean') return value;
  throw new Error(`${field} must be true or false`);
}

function seconds(given: Record<string, unknown>, field: string): number | undefined {
  const value = given[field];
  if (value === undefined) return undefined;
  if (typeof value === 'number' && value > 0 && value <= MOST_SECONDS) return value;
  throw new Error(`${field} must be a number of seconds above 0 and at most ${MOST_SECONDS}`);
}
