import type { Unstructured } from '../../machinery/meta.ts';
import { askedImage } from '../../types/action.ts';
import type { MCPServer } from '../../types/generated/mcpserver.ts';
import type { Model } from '../../types/generated/model.ts';
import type { Sandbox } from '../../types/generated/sandbox.ts';
import { serverReference, valuesOf } from '../../types/mcp-server.ts';
import { isFinalPhase } from '../../types/sandboxes/sandbox.ts';
import { skillPackageName } from '../../types/skills/skill.ts';

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

/**
 * The needs of an executor for a Sandbox: all that executor-manager/run/run-request.ts and real-model.ts read, but for the Secrets that
 * its Models and MCPServers name (`namesSecret`). A run that has ended needs its Task and the Sandboxes that it went on from,
 * and no credential.
 */
export function neededObjects(sandbox: Sandbox): readonly ObjectKey[] {
  if (isFinalPhase(sandbox.status?.phase)) return ofWork(sandbox);
  return [...ofWork(sandbox), ...ofRun(sandbox), ...ofPackages(sandbox)];
}

/** The right to make packages of skills in a namespace. A package that is still to be made has no name. */
export const packagesIn = (namespace: string): ObjectKey => ({
  resource: RESOURCES.skillPackages,
  namespace,
  name: '',
});

/** A Sandbox that fetches a skill: its executor makes the package in the same namespace. */
function ofPackages({ metadata: { namespace = '' }, spec }: Sandbox): ObjectKey[] {
  return spec.probe?.skill === undefined ? [] : [packagesIn(namespace)];
}

export const isSame = (left: ObjectKey, right: ObjectKey): boolean =>
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

/** Whether a Model or MCPServer names the Secret, in its own namespace, that holds its values. */
export function namesSecret(holder: ObjectKey, object: Unstructured, secret: string): boolean {
  return secretNames(holder, object).includes(secret);
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
