import type { Unstructured } from '../../machinery/meta.ts';
import { askedImage } from '../../types/action.ts';
import type { MCPServer } from '../../types/generated/mcpserver.ts';
import type { Model } from '../../types/generated/model.ts';
import type { Sandbox } from '../../types/generated/sandbox.ts';
import { serverReference, valuesOf } from '../../types/mcp-server.ts';
import { isFinalPhase } from '../../types/sandbox.ts';
import { skillPackageName } from '../../types/skill.ts';

/** An object, as the store calls it: `models.agent.wecode.io`. */
export interface ObjectKey {
  resource: string;
  namespace: string;
  name: string;
}

export const RESOURCES = {
  ghosts: 'ghosts.agent.wecode.io',
  mcpServers: 'mcpservers.agent.wecode.io',
  models: 'models.agent.wecode.io',
  sandboxes: 'sandboxes.agent.wecode.io',
  secrets: 'secrets',
  skillPackages: 'skillpackages.agent.wecode.io',
  taskRevisions: 'taskrevisions.agent.wecode.io',
  tasks: 'tasks.agent.wecode.io',
} as const;

/** Looks an object up; undefined for one that is not there. */
export type FindObject = (key: ObjectKey) => Promise<Unstructured | undefined>;

/**
 * Whether who runs a Sandbox needs an object for it: what executor-manager/run/run-request.ts and real-model.ts read. A
 * run that has ended needs its Task and the Sandboxes that it went on from, and no credential.
 */
export async function needs(sandbox: Sandbox, wanted: ObjectKey, find: FindObject): Promise<boolean> {
  const isWanted = (key: ObjectKey): boolean => isSame(key, wanted);
  if (ofWork(sandbox).some(isWanted)) return true;
  if (isFinalPhase(sandbox.status?.phase)) return false;
  if (ofRun(sandbox).some(isWanted)) return true;
  return wanted.resource === RESOURCES.secrets && isSecretOf(sandbox, wanted, find);
}

/** Whether a Sandbox fetches a skill, whose package its executor makes in the same namespace. */
export function makesPackages({ metadata, spec, status }: Sandbox, namespace: string): boolean {
  return metadata.namespace === namespace && spec.probe?.skill !== undefined && !isFinalPhase(status?.phase);
}

const isSame = (left: ObjectKey, right: ObjectKey): boolean =>
  left.name === right.name && left.namespace === right.namespace && left.resource === right.resource;

function ofWork({ metadata: { namespace = '' }, spec }: Sandbox): ObjectKey[] {
  const before = (spec.continueFrom ?? []).map(({ name }) => ({
    resource: RESOURCES.sandboxes,
    namespace,
    name,
  }));
  const { taskRef } = spec;
  return taskRef === undefined
    ? before
    : [{ resource: RESOURCES.tasks, namespace, name: taskRef.name }, ...before];
}

/** References are in the namespace of the Sandbox unless they name one (executor-manager/run/references.ts). */
function ofRun(sandbox: Sandbox): ObjectKey[] {
  const { namespace = '' } = sandbox.metadata;
  const { action, agent, model, probe, revision, workspace } = sandbox.spec;
  const key = (resource: string, ref: { name: string; namespace?: string } | undefined): ObjectKey[] =>
    ref === undefined ? [] : [{ resource, namespace: ref.namespace ?? namespace, name: ref.name }];
  const ofWorkspace = workspace?.ref?.namespace ?? namespace;
  return [
    ...key(RESOURCES.models, model?.ref),
    ...key(RESOURCES.ghosts, agent?.ghostRef),
    ...(revision === undefined ? [] : key(RESOURCES.taskRevisions, { name: revision })),
    ...(workspace?.secretName === undefined
      ? []
      : [{ resource: RESOURCES.secrets, namespace: ofWorkspace, name: workspace.secretName }]),
    ...(probe?.skill?.secretName === undefined
      ? []
      : key(RESOURCES.secrets, { name: probe.skill.secretName })),
    ...(askedImage(sandbox.spec).imagePullSecrets ?? []).flatMap((ref) => key(RESOURCES.secrets, ref)),
    ...(action?.http?.headers ?? []).flatMap(({ valueFrom }) =>
      key(RESOURCES.secrets, valueFrom?.secretKeyRef),
    ),
    ...serversOf(sandbox),
    ...(agent?.skills ?? []).map(({ namespace, contentHash }) => ({
      resource: RESOURCES.skillPackages,
      namespace,
      name: skillPackageName(contentHash),
    })),
  ];
}

/** The MCPServers whose values the run gets. */
function serversOf({ spec: { action, agent, probe } }: Sandbox): ObjectKey[] {
  const entries: unknown[] = [
    ...Object.values(agent?.mcpServers ?? {}),
    probe?.mcpServer,
    action?.mcp?.server,
  ];
  return entries.flatMap((entry) => {
    const reference = typeof entry === 'object' && entry !== null ? serverReference({ ...entry }) : undefined;
    return reference === undefined ? [] : [{ resource: RESOURCES.mcpServers, ...reference }];
  });
}

/** Models and MCPServers name the Secrets that hold their values. */
async function isSecretOf(sandbox: Sandbox, secret: ObjectKey, find: FindObject): Promise<boolean> {
  const holders = ofRun(sandbox).filter(({ resource, namespace }) => {
    const holds = resource === RESOURCES.models || resource === RESOURCES.mcpServers;
    return holds && namespace === secret.namespace;
  });
  for (const holder of holders) {
    const object = await find(holder);
    if (object !== undefined && secretNames(holder, object).includes(secret.name)) return true;
  }
  return false;
}

function secretNames({ resource }: ObjectKey, object: Unstructured): string[] {
  if (resource === RESOURCES.models) {
    const { secretRef } = (object as unknown as Model).spec;
    return secretRef === undefined ? [] : [secretRef.name];
  }
  return valuesOf((object as unknown as MCPServer).spec).flatMap(({ valueFrom }) =>
    valueFrom === undefined ? [] : [valueFrom.secretKeyRef.name],
  );
}
