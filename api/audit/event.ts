import { formatTime } from '../machinery/clock.ts';
import type { Status } from '../machinery/status-error.ts';
import type { User } from '../machinery/users/user.ts';

/** How much an event tells, from nothing to all (apiserver pkg/apis/audit/v1/types.go). */
export const LEVELS = ['None', 'Metadata', 'Request', 'RequestResponse'] as const;
export type Level = (typeof LEVELS)[number];

/** The moments in the life of a request at which events are made. */
export const STAGES = ['RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic'] as const;
export type Stage = (typeof STAGES)[number];

/** An `Event` of audit.k8s.io/v1, without the objects: those are texts already, and are put in last. */
export interface AuditEvent {
  kind: 'Event';
  apiVersion: 'audit.k8s.io/v1';
  level: Level;
  auditID: string;
  stage: Stage;
  /** Path and query as the client wrote them, without what may be a secret. */
  requestURI: string;
  verb: string;
  user: AuditUser;
  impersonatedUser?: AuditUser;
  authenticationMetadata?: { impersonationConstraint: string };
  sourceIPs: readonly string[];
  userAgent?: string;
  objectRef?: ObjectReference;
  responseStatus?: ResponseStatus;
  /** RFC 3339 with microseconds. */
  requestReceivedTimestamp: string;
  stageTimestamp: string;
  annotations?: Record<string, string>;
}

export interface AuditUser {
  username?: string;
  uid?: string;
  groups?: readonly string[];
  extra?: Readonly<Record<string, readonly string[]>>;
}

export interface ObjectReference {
  resource: string;
  namespace?: string;
  name?: string;
  uid?: string;
  apiGroup?: string;
  apiVersion: string;
  resourceVersion?: string;
  subresource?: string;
}

export type ResponseStatus = Partial<Pick<Status, 'details' | 'message' | 'reason' | 'status'>> & {
  metadata: object;
  code: number;
};

export function auditUser({ name, uid, groups, extra }: User): AuditUser {
  return {
    username: name,
    ...(uid === undefined ? {} : { uid }),
    ...(groups.length === 0 ? {} : { groups }),
    ...(extra === undefined || Object.keys(extra).length === 0 ? {} : { extra }),
  };
}

/** The form of metav1.MicroTime; clocks here have milliseconds. */
export function microTime(epochMs: number): string {
  const ms = Math.trunc(epochMs) % 1000;
  return `${formatTime(epochMs).slice(0, -1)}.${String(ms).padStart(3, '0')}000Z`;
}
