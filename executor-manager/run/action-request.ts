import type {
  Sandbox,
  SandboxAction,
  SandboxActionHttp,
  SandboxActionHttpHeader,
} from '#api/types/generated/sandbox';
import type { ActionRunSpec } from '#api/types/sandboxes/sandbox';
import type { RunAction, RunHeader, RunHttpCall } from '../protocol/action.ts';
import { readSecretValue, refFrom } from './references.ts';
import type { Reader } from './references.ts';

/** The values of Secrets that an action needs and a Sandbox does not have, by the names of headers. */
export type ActionValues = Record<string, string>;

const DEFAULT_SECONDS = 60;
const DEFAULT_BYTES = 1024 * 1024;

/** @throws StatusError NotFound that names the Secret which is missing, or the key it lacks. */
export async function readActionValues(client: Reader, sandbox: Sandbox): Promise<ActionValues> {
  const headers = sandbox.spec.action?.http?.headers ?? [];
  const read = await Promise.all(headers.map(async (header) => readHeader(client, sandbox, header)));
  return Object.fromEntries(read.flat());
}

async function readHeader(
  client: Reader,
  sandbox: Sandbox,
  { name, valueFrom }: SandboxActionHttpHeader,
): Promise<[string, string][]> {
  if (valueFrom === undefined) return [];
  const { secretKeyRef } = valueFrom;
  const value = await readSecretValue(client, refFrom(sandbox, secretKeyRef), secretKeyRef.key);
  return [[name, value]];
}

/** The action as a runner is told of it; pure. */
export function actionRequest(spec: ActionRunSpec, values: ActionValues = {}): RunAction {
  const { script, http, mcp } = spec.action;
  if (http !== undefined) return { http: { ...httpCall(http, values), idempotencyKey: keyOf(spec) } };
  if (mcp !== undefined) {
    return { mcp: { server: mcp.serverName, tool: mcp.tool, arguments: mcp.arguments ?? {} } };
  }
  const { image: _, imagePullSecrets: __, ...rest } = script ?? {};
  return { script: rest };
}

/** Of the node and not of the attempt: a service must see that an attempt after a loss is the same call. */
const keyOf = ({ taskRef, node = '' }: ActionRunSpec): string => `${taskRef.uid}-${node}`;

function httpCall(http: SandboxActionHttp, values: ActionValues): Omit<RunHttpCall, 'idempotencyKey'> {
  const { headers = [], timeoutSeconds = DEFAULT_SECONDS, maxBytes = DEFAULT_BYTES, ...rest } = http;
  return {
    ...rest,
    headers: headers.map((header) => realHeader(header, values)),
    ...{ timeoutSeconds, maxBytes },
  };
}

function realHeader(
  { name, value = '', valueFrom }: SandboxActionHttpHeader,
  values: ActionValues,
): RunHeader {
  const { [name]: secret } = values;
  if (secret === undefined) return { name, value };
  return { name, value: `${valueFrom?.prefix ?? ''}${secret}`, secret };
}

/** The MCP server of an action as the only one of its run, which is nothing without it. */
export function actionServers({ mcp }: SandboxAction): Record<string, Record<string, unknown>> {
  return mcp === undefined ? {} : { [mcp.serverName]: { ...mcp.server, required: true } };
}
