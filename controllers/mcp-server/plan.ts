import type { NewCondition } from '#api/machinery/condition';
import { formatTime } from '#api/machinery/clock';
import type { MCPServer, MCPServerStatus } from '#api/types/generated/mcpserver';
import type { Sandbox, SandboxStatus } from '#api/types/generated/sandbox';
import {
  mcpServerNotReady,
  mcpServerReady,
  mcpServerUnknown,
  serverEntry,
  transportOf,
} from '#api/types/mcp-server';
import { planProbe } from '#api/types/probe';
import type { ProbeFinding, ProbePlan, ProbeSpec } from '#api/types/probe';
import { READY } from '#api/types/ready';
import { circuitAfter } from './circuit.ts';
import { listedTools } from './listed-tools.ts';

type ListedTool = NonNullable<MCPServerStatus['tools']>[number];
type ProbedTool = NonNullable<NonNullable<SandboxStatus['probeResult']>['tools']>[number];

/** Of the check: as long as a server may take, and some for the sandbox. */
const DEFAULT_START_SECONDS = 30;
const CHECK_SECONDS = 60;

export interface MCPServerInput {
  server: MCPServer;
  /** Secrets, or keys of them, that the server names and that are not there; for people. */
  missing: readonly string[];
  /** Changes with the Secrets that the server names. */
  secretVersion: string;
  /** All Sandboxes that the server controls. */
  sandboxes: readonly Sandbox[];
  /** Milliseconds since the epoch. */
  now: number;
}

export interface MCPServerPlan {
  /** Ready; absent where what was found before still holds. */
  ready: NewCondition | undefined;
  /** The status but for its conditions. */
  status: MCPServerStatus;
  probe: ProbePlan;
}

/** The facts known of a server, and the check to be made. */
export function planMCPServer({
  server,
  missing,
  secretVersion,
  sandboxes,
  now,
}: MCPServerInput): MCPServerPlan {
  const { lastCheck, ...previous } = server.status ?? {};
  const spec = missing.length > 0 ? undefined : probeSpec(server, secretVersion);
  const probe = planProbe({ owner: server, spec, record: lastCheck, sandboxes, now });
  const found = probe.finding;
  // One that is neither to be made nor to be removed goes on.
  const underWay = probe.create !== undefined || sandboxes.length > probe.remove.length;
  const status: MCPServerStatus = {
    ...previous,
    transport: transportOf(server.spec),
    ...answered(found),
    ...(probe.record === undefined ? {} : { lastCheck: probe.record }),
    circuitBreaker: circuitAfter(previous.circuitBreaker, { probe, underWay }, formatTime(now)),
  };
  const tools = listedTools(server.spec.tools ?? [], status.tools ?? []);
  return {
    ready:
      missing.length > 0 ? mcpServerNotReady('SecretNotFound', missing.join(' ')) : readyOf(server, found),
    status: { ...status, ...(status.tools === undefined ? {} : { tools, toolCount: tools.length }) },
    probe,
  };
}

/** It changes with each change that matters to the check. */
function probeSpec(server: MCPServer, secretVersion: string): ProbeSpec {
  const { tools: _, ...spec } = server.spec;
  const entry = serverEntry({ ...server, spec }, false);
  const revision = `${server.metadata.generation ?? 0}/${secretVersion}`;
  return {
    timeoutSeconds: CHECK_SECONDS + (spec.startSeconds ?? DEFAULT_START_SECONDS),
    probe: { mcpServer: { ...entry, revision } },
  };
}

function answered(found: ProbeFinding | undefined): Partial<MCPServerStatus> {
  if (found?.state !== 'answered' || !found.result.ok) return {};
  const { tools = [], serverInfo, protocolVersion } = found.result;
  return {
    ...(serverInfo === undefined ? {} : { serverInfo }),
    ...(protocolVersion === undefined ? {} : { protocolVersion }),
    tools: tools.map(listedTool),
  };
}

function listedTool({ name, description, inputSchema, hash, proposedLevel }: ProbedTool): ListedTool {
  return {
    name,
    ...(description === undefined ? {} : { description }),
    ...(inputSchema === undefined ? {} : { inputSchema }),
    level: 'privileged', // until it is compared with spec.tools
    ...(proposedLevel === undefined ? {} : { proposedLevel }),
    ...(hash === undefined ? {} : { hash }),
  };
}

function readyOf({ status }: MCPServer, found: ProbeFinding | undefined): NewCondition | undefined {
  const known =
    status?.conditions?.some(({ type, status: is }) => type === READY && is !== 'Unknown') ?? false;
  switch (found?.state) {
    case 'answered':
      return found.result.ok
        ? mcpServerReady(found.result.message)
        : mcpServerNotReady('CheckFailed', found.result.message);
    case 'refused':
      return mcpServerNotReady('CheckFailed', found.message);
    case 'lost':
    case 'pending':
      // A check that goes on, or came to nothing, takes back nothing of what was found before.
      return known ? undefined : mcpServerUnknown(found.message);
    case undefined:
      return undefined;
  }
}
