import type { Condition } from '../machinery/condition.ts';
import type { Unstructured } from '../machinery/meta.ts';
import { TROUPE_GROUP } from '../machinery/group-version-kind.ts';
import type { Binding } from './rbac.ts';
import type { ResourceType } from '../machinery/resource-type.ts';
import type { APIKey } from './generated/apikey.ts';
import type { Approval } from './generated/approval.ts';
import type { Bot } from './generated/bot.ts';
import type { Collaboration } from './generated/collaboration.ts';
import type { Executor } from './generated/executor.ts';
import type { Ghost } from './generated/ghost.ts';
import type { JoinToken } from './generated/join-token.ts';
import type { MCPServer } from './generated/mcpserver.ts';
import type { Model } from './generated/model.ts';
import type { Sandbox } from './generated/sandbox.ts';
import type { Shell } from './generated/shell.ts';
import type { Skill } from './generated/skill.ts';
import type { SkillPackage } from './generated/skill-package.ts';
import type { Sync } from './generated/sync.ts';
import type { Task } from './generated/task.ts';
import type { TaskRevision } from './generated/task-revision.ts';
import type { Team } from './generated/team.ts';
import type { User } from './generated/user.ts';
import type { Workspace } from './generated/workspace.ts';
import { RBAC_GROUP } from './rbac.ts';
import type { ResourceQuota } from './resource-quota.ts';
import type { ClusterRole } from './rbac.ts';

/** The resources our own parts use through a Client: one token per kind, with the type of its objects. */

const user = { group: TROUPE_GROUP, version: 'v1', namespaced: true } as const;
const own = { group: TROUPE_GROUP, version: 'v1alpha1' } as const;
const core = { group: '', version: 'v1' } as const;

export const GHOSTS: ResourceType<Ghost> = { ...user, kind: 'Ghost', plural: 'ghosts' };
export const MODELS: ResourceType<Model> = { ...user, kind: 'Model', plural: 'models' };
export const SHELLS: ResourceType<Shell> = { ...user, kind: 'Shell', plural: 'shells' };
export const BOTS: ResourceType<Bot> = { ...user, kind: 'Bot', plural: 'bots' };
export const TEAMS: ResourceType<Team> = { ...user, kind: 'Team', plural: 'teams' };
export const WORKSPACES: ResourceType<Workspace> = { ...user, kind: 'Workspace', plural: 'workspaces' };
export const TASKS: ResourceType<Task> = { ...user, kind: 'Task', plural: 'tasks' };
export const SANDBOXES: ResourceType<Sandbox> = {
  ...own,
  kind: 'Sandbox',
  plural: 'sandboxes',
  namespaced: true,
};
export const TASK_REVISIONS: ResourceType<TaskRevision> = {
  ...own,
  kind: 'TaskRevision',
  plural: 'taskrevisions',
  namespaced: true,
};
export const APPROVALS: ResourceType<Approval> = {
  ...own,
  kind: 'Approval',
  plural: 'approvals',
  namespaced: true,
};
export const SKILLS: ResourceType<Skill> = { ...own, kind: 'Skill', plural: 'skills', namespaced: true };
export const SKILL_PACKAGES: ResourceType<SkillPackage> = {
  ...own,
  kind: 'SkillPackage',
  plural: 'skillpackages',
  namespaced: true,
};
export const SYNCS: ResourceType<Sync> = { ...own, kind: 'Sync', plural: 'syncs', namespaced: true };
export const MCP_SERVERS: ResourceType<MCPServer> = {
  ...own,
  kind: 'MCPServer',
  plural: 'mcpservers',
  namespaced: true,
};
export const COLLABORATIONS: ResourceType<Collaboration> = {
  ...own,
  kind: 'Collaboration',
  plural: 'collaborations',
  namespaced: true,
};
/** Cluster-scoped. */
export const EXECUTORS: ResourceType<Executor> = {
  ...own,
  kind: 'Executor',
  plural: 'executors',
  namespaced: false,
};

export const ROLE_BINDINGS: ResourceType<Binding> = {
  group: RBAC_GROUP,
  version: 'v1',
  kind: 'RoleBinding',
  plural: 'rolebindings',
  namespaced: true,
};
/** Cluster-scoped. */
export const USERS: ResourceType<User> = { ...own, kind: 'User', plural: 'users', namespaced: false };
/** Cluster-scoped. */
export const API_KEYS: ResourceType<APIKey> = {
  ...own,
  kind: 'APIKey',
  plural: 'apikeys',
  namespaced: false,
};
/** Cluster-scoped. */
export const JOIN_TOKENS: ResourceType<JoinToken> = {
  ...own,
  kind: 'JoinToken',
  plural: 'jointokens',
  namespaced: false,
};

export interface Secret extends Unstructured {
  type?: string;
  /** Values in base64. */
  data?: Record<string, string>;
  /** Write-only: plain values, moved into `data` by the server. */
  stringData?: Record<string, string>;
}

export const SECRETS: ResourceType<Secret> = { ...core, kind: 'Secret', plural: 'secrets', namespaced: true };

export interface Namespace extends Unstructured {
  /** The namespace stays until these are gone, which only /finalize can take away. */
  spec?: { finalizers?: string[] };
  status?: { phase?: 'Active' | 'Terminating'; conditions?: Condition[] };
}

export const NAMESPACES: ResourceType<Namespace> = {
  ...core,
  kind: 'Namespace',
  plural: 'namespaces',
  namespaced: false,
};
/** core/v1 Event, as controllers/runtime writes them and `describe` reads them. */
export const EVENTS: ResourceType<Unstructured> = {
  ...core,
  kind: 'Event',
  plural: 'events',
  namespaced: true,
};

export interface ConfigMap extends Unstructured {
  data?: Record<string, string>;
  /** Values in base64. */
  binaryData?: Record<string, string>;
}

export const CONFIG_MAPS: ResourceType<ConfigMap> = {
  ...core,
  kind: 'ConfigMap',
  plural: 'configmaps',
  namespaced: true,
};
export const RESOURCE_QUOTAS: ResourceType<ResourceQuota> = {
  ...core,
  kind: 'ResourceQuota',
  plural: 'resourcequotas',
  namespaced: true,
};
export const SERVICE_ACCOUNTS: ResourceType<Unstructured> = {
  ...core,
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  namespaced: true,
};
/** Cluster-scoped. */
export const CLUSTER_ROLES: ResourceType<ClusterRole> = {
  group: RBAC_GROUP,
  version: 'v1',
  kind: 'ClusterRole',
  plural: 'clusterroles',
  namespaced: false,
};

/** authorization.k8s.io/v1: whether a user may do something. Only created, and answered at once. */
export interface SubjectAccessReview extends Unstructured {
  spec: {
    user: string;
    uid?: string;
    groups?: string[];
    extra?: Record<string, string[]>;
    resourceAttributes: {
      verb: string;
      group: string;
      version: string;
      resource: string;
      namespace: string;
      name: string;
    };
  };
  status?: { allowed: boolean; reason?: string; evaluationError?: string };
}

/** Cluster-scoped. */
export const SUBJECT_ACCESS_REVIEWS: ResourceType<SubjectAccessReview> = {
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SubjectAccessReview',
  plural: 'subjectaccessreviews',
  namespaced: false,
};
