import type { Attributes } from '../machinery/users/authorizer.ts';
import { jsonText } from '../machinery/json/json.ts';
import { StatusError } from '../machinery/status-error.ts';
import type { User } from '../machinery/users/user.ts';
import { auditUser, microTime } from './event.ts';
import type { AuditEvent, Level, ObjectReference, ResponseStatus, Stage } from './event.ts';
import { maskedURI } from './masked-uri.ts';
import type { PolicyEvaluator, RequestPolicy } from './policy-evaluator.ts';

/** The facts of a request that are known before anybody has logged in. */
export interface ReceivedRequest {
  auditID: string;
  /** Path and query, as on the first line of the request. */
  uri: string;
  userAgent: string | undefined;
  /** The client first, then those that passed it on. */
  sourceIPs: readonly string[];
  /** Milliseconds since the epoch. */
  receivedAt: number;
  /** Shown credentials of any kind. */
  hasCredentials: boolean;
}

export interface AuditedRequestOptions {
  request: ReceivedRequest;
  policy: PolicyEvaluator;
  /** Whether objects of what the request is for may hold secrets: neither they nor messages about them are written. */
  holdsSecrets: (attributes: Attributes) => boolean;
  now: () => number;
  /** Hands an event over; resolves with whether all sinks took it that insist. */
  send: (event: string) => Promise<boolean> | boolean;
  /** Counts requests by level. */
  count: (level: Level) => void;
  /** Counts requests that are refused because no sink that insists took their event. */
  rejected: () => void;
}

/** The place, from 0, of an object in the batch that its event is a part of. */
const ITEM = 'agent.wecode.io/batch-item';
/** The User that a login is for. */
const LOGIN_USER = 'agent.wecode.io/login-user';
const MOST_AGENT_LENGTH = 1024;
/** Upstream's limit is optional and smaller; this one keeps the buffer from filling up with lists. */
const MOST_EVENT_LENGTH = 1024 * 1024;

/**
 * One request, from its arrival to its end, and the events that the policy wants of it. The order of calls is that of a request;
 * each may be left out.
 */
export class AuditedRequest {
  readonly #options: AuditedRequestOptions;
  #policy: RequestPolicy | undefined;
  #attributes: Attributes | undefined;
  #user: User | undefined;
  #impersonated: { user: User; constraint: string } | undefined;
  #objectRef: ObjectReference | undefined;
  #requestObject: string | undefined;
  #responseObject: string | undefined;
  #annotations: Record<string, string> | undefined;
  #hidesObjects = false;

  constructor(options: AuditedRequestOptions) {
    this.#options = options;
  }

  /**
   * Somebody has logged in, whose rights nobody has looked at yet.
   * @throws StatusError InternalError where the policy demands an event that cannot be written
   */
  async authenticated(user: User, attributes: Attributes): Promise<void> {
    this.#begin(user, attributes);
    if (await this.#send('RequestReceived', undefined)) return;
    this.#options.rejected();
    throw new StatusError('InternalError', 'failed to store audit event');
  }

  impersonates(user: User, constraint: string): void {
    this.#impersonated = { user, constraint };
  }

  /** `allow` or `forbid`, and why (apiserver endpoints/filters/authorization.go). */
  judged(decision: 'allow' | 'forbid', reason: string): void {
    this.#annotations = {
      ...this.#annotations,
      'authorization.k8s.io/decision': decision,
      'authorization.k8s.io/reason': reason,
    };
  }

  /** Somebody without credentials tries to log in as a User that is there. Other names may be anything: a password too. */
  logsInAs(name: string): void {
    this.#annotations = { ...this.#annotations, [LOGIN_USER]: name };
  }

  /** An object, or a patch of one, that the client sends. */
  requestObject(value: unknown): void {
    this.#refer(value);
    if (this.#writes('Request')) this.#requestObject = this.#textOf(value);
  }

  /** An object or a list that the client gets; made only when it is written. */
  responseObject(make: () => unknown): void {
    if (this.#writes('RequestResponse')) this.#responseObject = this.#textOf(make());
  }

  /** The head of an answer that goes on for as long as its reader likes has left. */
  async responseStarted(code: number): Promise<void> {
    await this.#send('ResponseStarted', { metadata: {}, code });
  }

  /** The request is over. `failure`: what was answered is an error; `unexpected`: nobody had thought of it. */
  async complete(code: number, failure?: { error: StatusError; unexpected: boolean }): Promise<void> {
    if (failure === undefined) return this.#end('ResponseComplete', { metadata: {}, code });
    const status = failure.error.toStatus();
    if (this.#writes('RequestResponse')) this.#responseObject = JSON.stringify(status);
    const { status: outcome, reason, message, details } = status;
    const words = this.#hidesObjects ? {} : { message, ...(details && { details }) };
    const told = { metadata: {}, status: outcome, ...words, ...(reason && { reason }), code };
    return this.#end(failure.unexpected ? 'Panic' : 'ResponseComplete', told);
  }

  /**
   * One of several objects that this request is for, such as a manifest of a batch: when it is complete an event of its own
   * tells of it, under the same ID, at the level that the policy has for a request for it alone.
   */
  part(attributes: Attributes, index: number): AuditedRequest {
    const part = new AuditedRequest(this.#options);
    part.#begin(this.#user, attributes);
    part.#impersonated = this.#impersonated;
    part.#annotations = { [ITEM]: String(index) };
    return part;
  }

  /** Nobody could be logged in; the event has no user (apiserver endpoints/filters/authn_audit.go). */
  async refused(attributes: Attributes): Promise<void> {
    this.#begin(undefined, attributes);
    const message = this.#options.request.hasCredentials
      ? 'Authentication failed, attempted: credentials of the request'
      : 'Authentication failed, no credentials provided';
    await this.#send('ResponseStarted', { metadata: {}, status: 'Failure', message, code: 401 });
  }

  /** Whether `authenticated` or `refused` was called. */
  get begun(): boolean {
    return this.#policy !== undefined;
  }

  #begin(user: User | undefined, attributes: Attributes): void {
    const { policy, holdsSecrets, count } = this.#options;
    this.#user = user;
    this.#attributes = attributes;
    this.#policy = policy.evaluate(user, attributes);
    this.#hidesObjects = holdsSecrets(attributes);
    count(this.#policy.level);
    const { resource } = attributes;
    if (resource === undefined || this.#policy.level === 'None') return;
    const { plural, namespace, name, group, version, subresource } = resource;
    this.#objectRef = {
      resource: plural,
      ...(namespace === '' ? {} : { namespace }),
      ...(name === '' ? {} : { name }),
      ...(group === '' ? {} : { apiGroup: group }),
      apiVersion: version,
      ...(subresource === '' ? {} : { subresource }),
    };
  }

  /** Takes from the object the facts that the path does not have. */
  #refer(value: unknown): void {
    const { metadata } = (value ?? {}) as { metadata?: Record<string, unknown> };
    if (this.#objectRef === undefined || typeof metadata !== 'object' || metadata === null) return;
    for (const field of ['namespace', 'name', 'uid', 'resourceVersion'] as const) {
      const text = metadata[field];
      if (typeof text === 'string' && text !== '') this.#objectRef[field] ??= text;
    }
  }

  #writes(level: 'Request' | 'RequestResponse'): boolean {
    const wanted = this.#policy?.level;
    return !this.#hidesObjects && (wanted === 'RequestResponse' || wanted === level);
  }

  #textOf(value: unknown): string {
    const shown = this.#policy?.omitManagedFields === true ? withoutManagedFields(value) : value;
    return jsonText(shown);
  }

  async #end(stage: Stage, status: ResponseStatus): Promise<void> {
    await this.#send(stage, status);
  }

  #send(stage: Stage, status: ResponseStatus | undefined): Promise<boolean> | boolean {
    if (this.#policy === undefined || this.#attributes === undefined) return true;
    if (this.#policy.level === 'None' || this.#policy.omitStages.has(stage)) return true;
    return this.#options.send(this.#text(this.#event(stage, status)));
  }

  #event(stage: Stage, status: ResponseStatus | undefined): AuditEvent {
    const { request, now } = this.#options;
    const { auditID, uri, userAgent, sourceIPs, receivedAt } = request;
    const level = this.#policy?.level ?? 'None';
    return {
      kind: 'Event',
      apiVersion: 'audit.k8s.io/v1',
      // Nothing beyond that level is written of it.
      level: this.#hidesObjects ? 'Metadata' : level,
      auditID,
      stage,
      requestURI: maskedURI(uri),
      verb: this.#attributes?.verb ?? '',
      user: this.#user === undefined ? {} : auditUser(this.#user),
      ...this.#impersonation(),
      sourceIPs,
      ...(userAgent === undefined ? {} : { userAgent: cutAgent(userAgent) }),
      ...(this.#objectRef && { objectRef: this.#objectRef }),
      ...(status && { responseStatus: status }),
      requestReceivedTimestamp: microTime(receivedAt),
      stageTimestamp: microTime(stage === 'RequestReceived' ? receivedAt : now()),
      ...(this.#annotations && { annotations: this.#annotations }),
    };
  }

  #impersonation(): Pick<AuditEvent, 'authenticationMetadata' | 'impersonatedUser'> {
    if (this.#impersonated === undefined) return {};
    const { user, constraint } = this.#impersonated;
    return {
      impersonatedUser: auditUser(user),
      ...(constraint === '' ? {} : { authenticationMetadata: { impersonationConstraint: constraint } }),
    };
  }

  /** The objects are texts already. One that is too long is left out, and the event says so. */
  #text(event: AuditEvent): string {
    const objects = [
      ...(this.#requestObject === undefined ? [] : [`"requestObject":${this.#requestObject}`]),
      ...(this.#responseObject === undefined ? [] : [`"responseObject":${this.#responseObject}`]),
    ];
    const length = objects.reduce((sum, text) => sum + text.length, 0);
    if (length === 0) return JSON.stringify(event);
    if (length <= MOST_EVENT_LENGTH) return `${JSON.stringify(event).slice(0, -1)},${objects.join(',')}}`;
    const annotations = { ...event.annotations, 'audit.k8s.io/truncated': 'true' };
    return JSON.stringify({ ...event, annotations });
  }
}

const cutAgent = (text: string): string =>
  text.length > MOST_AGENT_LENGTH ? `${text.slice(0, MOST_AGENT_LENGTH)}...TRUNCATED` : text;

/** Of an object, or of each item of a list; the value itself stays as it is. */
function withoutManagedFields(value: unknown): unknown {
  const object = value as { metadata?: Record<string, unknown>; items?: unknown };
  if (typeof object !== 'object' || object === null) return value;
  if (Array.isArray(object.items)) return { ...object, items: object.items.map(withoutManagedFields) };
  if (object.metadata?.['managedFields'] === undefined) return value;
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}
