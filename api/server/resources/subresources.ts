import {
  isAccount,
  isApiKey,
  isApproval,
  isExecutor,
  isPod,
  isSkill,
  isTask,
} from '../../registry/resource.ts';
import type { Resource } from '../../registry/resource.ts';
import type { ResourceRequest } from '../request/resource-request.ts';
import { handleAnswer } from './answer-handler.ts';
import { handleAppendLog, handleReadLog } from './log-handlers.ts';
import { handleMessages, handlePostMessage } from './message-handlers.ts';
import { handleGetPackage, handlePutPackage } from './package-handlers.ts';
import { handlePodStream } from '../streams/pod-stream-handler.ts';
import { handleTunnel } from '../streams/tunnel-handler.ts';
import { handlePodLog } from './pod-log-handler.ts';
import { handleRate, handleUnrate } from './rating-handler.ts';
import { handleApiKeyToken, handlePasswordReset } from '../users/account-handlers.ts';
import { handleApprovalMail } from '../webhooks/approval-mail-handler.ts';
import { handleDecisionAddress } from '../webhooks/decision-address-handler.ts';
import { handleNodeAddress } from '../webhooks/node-address-handler.ts';
import { handleSendEvent } from './sent-event-handler.ts';
import { handleGet } from './read-handlers.ts';
import { handleRetry } from './retry-handler.ts';
import { isNamespace } from './verbs.ts';
import { handleCreateToken } from './token-handler.ts';
import { handlePatch, handleUpdate } from './write-handlers.ts';

export type Handler = (request: ResourceRequest) => Promise<Response>;

/** A part of an object with a path of its own. */
export interface Subresource {
  name: string;
  /** Whether objects of a kind have it. */
  isOf(resource: Resource): boolean;
  /** By verb, in the order of discovery. */
  handlers: ReadonlyMap<string, Handler>;
  /** The kind that it reads and writes; absent: the kind itself. */
  kind?: { group: string; version: string; kind: string };
  /** Verbs whose answer goes on for as long as its reader likes: they have no deadline. */
  streams?: ReadonlySet<string>;
}

const READ_AND_WRITE: Subresource['handlers'] = new Map([
  ['get', handleGet],
  ['patch', handlePatch],
  ['update', handleUpdate],
]);

/** Connections of users to a sandbox, which kubectl asks for by either verb. */
const STREAM: Omit<Subresource, 'name'> = {
  isOf: isPod,
  handlers: new Map([
    ['create', handlePodStream],
    ['get', handlePodStream],
  ]),
  streams: new Set(['create', 'get']),
};

function podOptions(kind: string): NonNullable<Subresource['kind']> {
  return { group: '', version: 'v1', kind };
}

/**
 * All there are, in kube-apiserver's order: the dispatch, discovery, OpenAPI, metrics and deadlines take them from
 * here. Those that read and write something else than their kind are described in openapi/described-paths.ts.
 */
export const SUBRESOURCES: readonly Subresource[] = [
  { name: 'answers', isOf: isTask, handlers: new Map([['create', handleAnswer]]) },
  { ...STREAM, name: 'attach', kind: podOptions('PodAttachOptions') },
  { name: 'events', isOf: isTask, handlers: new Map([['create', handleSendEvent]]) },
  { ...STREAM, name: 'exec', kind: podOptions('PodExecOptions') },
  { name: 'finalize', isOf: isNamespace, handlers: new Map([['update', handleUpdate]]) },
  {
    name: 'log',
    isOf: isTask,
    handlers: new Map([
      ['create', handleAppendLog],
      ['get', handleReadLog],
    ]),
    streams: new Set(['get']),
  },
  { name: 'log', isOf: isPod, handlers: new Map([['get', handlePodLog]]), streams: new Set(['get']) },
  {
    name: 'messages',
    isOf: isTask,
    handlers: new Map([
      ['create', handlePostMessage],
      ['get', handleMessages],
    ]),
  },
  {
    name: 'package',
    isOf: isSkill,
    handlers: new Map([
      ['get', handleGetPackage],
      ['update', handlePutPackage],
    ]),
  },
  {
    name: 'rating',
    isOf: isSkill,
    handlers: new Map([
      ['delete', handleUnrate],
      ['update', handleRate],
    ]),
  },
  { name: 'retry', isOf: isTask, handlers: new Map([['create', handleRetry]]) },
  { ...STREAM, name: 'portforward', kind: podOptions('PodPortForwardOptions') },
  { name: 'passwordreset', isOf: isAccount, handlers: new Map([['create', handlePasswordReset]]) },
  { name: 'status', isOf: ({ hasStatus }) => hasStatus, handlers: READ_AND_WRITE },
  {
    name: 'scale',
    isOf: ({ scale }) => scale !== undefined,
    handlers: READ_AND_WRITE,
    kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
  },
  {
    name: 'token',
    isOf: ({ token }) => token !== undefined,
    handlers: new Map([['create', handleCreateToken]]),
    kind: { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' },
  },
  {
    name: 'tunnel',
    isOf: isExecutor,
    handlers: new Map([['create', handleTunnel]]),
    streams: new Set(['create']),
  },
  { name: 'links', isOf: isApproval, handlers: new Map([['create', handleDecisionAddress]]) },
  { name: 'mails', isOf: isApproval, handlers: new Map([['create', handleApprovalMail]]) },
  { name: 'webhooks', isOf: isTask, handlers: new Map([['create', handleNodeAddress]]) },
  { name: 'token', isOf: isApiKey, handlers: new Map([['create', handleApiKeyToken]]) },
];

/** Those of a kind. */
export const subresourcesOf = (resource: Resource): readonly Subresource[] =>
  SUBRESOURCES.filter((one) => one.isOf(resource));

/** Whether some kind has a part of this name: clients must not make new series of metrics. */
export const isSubresource = (name: string): boolean => SUBRESOURCES.some((one) => one.name === name);

/** Whether a request goes on for as long as its reader likes, whatever its kind (kube-apiserver LongRunningRequestCheck). */
export function isStream(verb: string, subresource: string): boolean {
  if (verb === 'watch') return true;
  return SUBRESOURCES.some(({ name, streams }) => name === subresource && streams?.has(verb) === true);
}
