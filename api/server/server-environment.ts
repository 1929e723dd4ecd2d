import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import type { AuditedRequest } from '../audit/audited-request.ts';
import type { Clock } from '../machinery/clock.ts';
import type { Logger } from '../machinery/logger.ts';
import type { Attributes } from '../machinery/users/authorizer.ts';
import type { Accounts } from '../users/accounts.ts';
import type { Registry } from '../registry/registry.ts';
import type { TokenRequests } from '../registry/service-accounts/token-request.ts';
import type { SkillPackages } from '../registry/skills/skill-packages.ts';
import type { SandboxLogs } from '../registry/tasks/sandbox-log.ts';
import type { TaskLogs } from '../registry/tasks/task-log.ts';
import type { ApprovalMails } from '../registry/approvals/approval-mails.ts';
import type { ApprovalLinks } from '../registry/approvals/approval-links.ts';
import type { JudgedCall, TaskWebhooks } from '../registry/tasks/task-webhooks.ts';
import type { User } from '../machinery/users/user.ts';
import type { RequestPlaces } from './limits/in-flight.ts';
import type { Metrics } from './metrics.ts';
import type { ExecutorTunnels } from './streams/executor-tunnels.ts';
import type { ResourcePath } from './request/resource-path.ts';

/** Hono's types for this server: every request comes with Node's own request and response. */
export interface ServerTypes {
  Bindings: HttpBindings;
  Variables: {
    /** As whom the request is made. */
    user: User;
    /** Who has logged in, where that is another one. */
    impersonator: User | undefined;
    /** The action of the request. */
    attributes: Attributes;
    /** The resource that its path names; undefined when it names none. */
    place: ResourcePath | undefined;
    /** Aborts when the server stops, and when the user may not do this any longer: streams end then. */
    ended: AbortSignal;
    /** The audit of the request; undefined where nothing is written down. */
    audited: AuditedRequest | undefined;
    /** Of a login: read before it took a place. */
    accountBody: Buffer | undefined;
    /** Of a call of the address of a step: judged before it took a place. */
    webhook: JudgedCall | undefined;
    /** The places the request takes among those under way. */
    places: RequestPlaces;
  };
}

export type RequestContext = Context<ServerTypes>;

/** What the handlers of resources work with. */
export interface HandlerOptions {
  registry: Registry;
  taskLogs: TaskLogs;
  sandboxLogs: SandboxLogs;
  skillPackages: SkillPackages;
  tokenRequests: TokenRequests;
  taskWebhooks: TaskWebhooks;
  approvalLinks: ApprovalLinks;
  approvalMails: ApprovalMails;
  tunnels: ExecutorTunnels;
  accounts: Accounts;
  clock: Clock;
  logger: Logger;
  metrics: Metrics;
}
