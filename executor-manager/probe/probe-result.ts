import { fieldsOf, isJsonObject } from '#api/machinery/json/json';
import type { SandboxStatus } from '#api/types/generated/sandbox';

export type ProbeStatus = NonNullable<SandboxStatus['probeResult']>;

const LONGEST_MESSAGE = 4096;
const LONGEST_NAME = 1024;
const MOST_CHECKS = 100;
const MOST_TOOLS = 1000;
/** Of a name as crds/sandboxes.yaml allows it. */
const CHECK_NAME = 64;
const TOOL_NAME = 256;
const TOOL_DESCRIPTION = 65_536;
/** The tools of one server, as JSON: a status has its limit, and others watch it. */
const MOST_TOOL_BYTES = 512 * 1024;

/**
 * What a runner has answered, as far as it is as agreed: it runs in an image of somebody else, and is not trusted. What
 * is longer than the API takes is cut.
 */
export function readProbeResult(given: unknown): ProbeStatus {
  const answer = fieldsOf(given);
  const message = text(answer['message'], LONGEST_MESSAGE) ?? 'The runner said nothing of the check.';
  const protocolVersion = text(answer['protocolVersion'], CHECK_NAME);
  const serverInfo = readServerInfo(answer['serverInfo']);
  return {
    ok: answer['ok'] === true,
    message,
    checks: named(answer['checks'], MOST_CHECKS, readCheck),
    ...(protocolVersion === undefined ? {} : { protocolVersion }),
    ...(serverInfo === undefined ? {} : { serverInfo }),
    ...(answer['tools'] === undefined
      ? {}
      : { tools: withinBytes(named(answer['tools'], MOST_TOOLS, readTool)) }),
  };
}

type Check = NonNullable<ProbeStatus['checks']>[number];
type Tool = NonNullable<ProbeStatus['tools']>[number];

function readCheck(given: Record<string, unknown>): Check | undefined {
  const name = text(given['name'], CHECK_NAME);
  if (name === undefined) return undefined;
  return { name, ok: given['ok'] === true, message: text(given['message'], LONGEST_MESSAGE) ?? '' };
}

function readTool(given: Record<string, unknown>): Tool | undefined {
  const name = text(given['name'], TOOL_NAME);
  // Cut, it would be the name of another tool.
  if (name === undefined || name !== given['name']) return undefined;
  const description = text(given['description'], TOOL_DESCRIPTION);
  return {
    name,
    ...(description === undefined ? {} : { description }),
    ...(isJsonObject(given['inputSchema']) ? { inputSchema: given['inputSchema'] } : {}),
    ...(isJsonObject(given['annotations']) ? { annotations: given['annotations'] } : {}),
    ...(isHash(given['hash']) ? { hash: given['hash'] } : {}),
    ...(isLevel(given['proposedLevel']) ? { proposedLevel: given['proposedLevel'] } : {}),
  };
}

function readServerInfo(given: unknown): ProbeStatus['serverInfo'] {
  if (!isJsonObject(given)) return undefined;
  const name = text(given['name'], LONGEST_NAME);
  const version = text(given['version'], LONGEST_NAME);
  return { ...(name === undefined ? {} : { name }), ...(version === undefined ? {} : { version }) };
}

/** Those of a list that can be read, each name once. */
function named<T extends { name: string }>(
  given: unknown,
  most: number,
  read: (item: Record<string, unknown>) => T | undefined,
): T[] {
  const found = new Map<string, T>();
  for (const item of Array.isArray(given) ? (given as unknown[]) : []) {
    const one = isJsonObject(item) ? read(item) : undefined;
    if (one !== undefined && !found.has(one.name) && found.size < most) found.set(one.name, one);
  }
  return [...found.values()];
}

/** Where all is too much, what is long goes first: the names are what policies are about. */
function withinBytes(tools: Tool[]): Tool[] {
  const size = (list: readonly Tool[]): number => Buffer.byteLength(JSON.stringify(list));
  if (size(tools) <= MOST_TOOL_BYTES) return tools;
  const short = tools.map(({ name, annotations, hash, proposedLevel }) => ({
    name,
    ...(annotations && { annotations }),
    ...(hash && { hash }),
    ...(proposedLevel && { proposedLevel }),
  }));
  return size(short) <= MOST_TOOL_BYTES
    ? short
    : tools.map(({ name, hash }) => ({ name, ...(hash && { hash }) }));
}

const isHash = (value: unknown): value is string =>
  typeof value === 'string' && /^sha256:[0-9a-f]{64}$/.test(value);
const isLevel = (value: unknown): value is NonNullable<Tool['proposedLevel']> =>
  value === 'readOnly' || value === 'safe' || value === 'privileged';
const text = (value: unknown, most: number): string | undefined =>
  typeof value === 'string' && value !== '' ? value.slice(0, most) : undefined;
