import type { KubeObject } from '#api/machinery/meta';
import type { ResourceType } from '#api/machinery/resource-type';
import { BOTS, COLLABORATIONS, GHOSTS, MCP_SERVERS, MODELS, TEAMS } from '#api/types/resources';
import type { Task } from '#api/types/generated/task';
import type { Scenario, TaskScenario } from './scenario.ts';
import { introduction } from './services.ts';
import { taskMark } from './task-mark.ts';
import type { Services } from './services.ts';

const NAMESPACE = 'default';
const MODEL = 'chaos';
/** The addresses that actions of workflows call. */
export const TOOL_SERVER = 'desk';

export interface Manifest {
  type: ResourceType;
  object: KubeObject;
}

/** The objects that all scenarios need. */
export function sharedObjects({ modelURL, toolURL }: Services): Manifest[] {
  const env = { model: 'anthropic', model_id: 'scripted', base_url: modelURL, api_key: 'sk-chaos' };
  return [
    manifest(MODELS, MODEL, { protocol: 'anthropic', modelConfig: { env } }),
    manifest(MCP_SERVERS, TOOL_SERVER, { transport: { http: { url: toolURL } } }),
  ];
}

export function teamObjects(
  { name, agents, team, workflow }: Scenario,
  { toolURL, desk }: Services,
): Manifest[] {
  const own = Object.entries(agents).flatMap(([agent, { shell }]) => [
    manifest(GHOSTS, agent, {
      systemPrompt: introduction(agent),
      mcpServers: { effects: { type: 'http', url: toolURL, required: true } },
    }),
    manifest(BOTS, agent, {
      ghostRef: { name: agent },
      shellRef: { name: shell, namespace: 'system' },
      modelRef: { name: MODEL },
    }),
  ]);
  const flow = workflow === undefined ? [] : [manifest(COLLABORATIONS, name, workflow(desk.url))];
  return [...own, ...flow, manifest(TEAMS, name, team)];
}

/** Runs are lost with their runners and containers, again and again. */
export const MAX_ATTEMPTS = 10;

export function taskOf(scenario: TaskScenario, name: string): Task {
  return {
    ...{ apiVersion: 'agent.wecode.io/v1', kind: 'Task' },
    metadata: { name, namespace: NAMESPACE },
    spec: {
      title: name,
      prompt: `Work on ${taskMark(name)}.`,
      teamRef: { name: scenario.name },
      retryPolicy: { maxAttempts: MAX_ATTEMPTS },
      ...scenario.task,
    },
  };
}

function manifest(type: ResourceType, name: string, spec: object): Manifest {
  const object = {
    apiVersion: `${type.group}/${type.version}`,
    kind: type.kind,
    metadata: { name, namespace: NAMESPACE },
    spec,
  };
  return { type, object };
}
