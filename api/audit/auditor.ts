import type { Clock } from '../machinery/clock.ts';
import type { Meter } from '../machinery/meter.ts';
import { AuditedRequest } from './audited-request.ts';
import type { ReceivedRequest } from './audited-request.ts';
import { LEVELS } from './event.ts';
import type { Level } from './event.ts';
import { createPolicyEvaluator } from './policy-evaluator.ts';
import type { Policy } from './policy.ts';
import { holdsSecretsAs } from './secret-kinds.ts';
import type { Sink } from './sinks/sink.ts';

/** Writes down who did what. */
export interface Auditor {
  receive(request: ReceivedRequest): AuditedRequest;
}

export interface AuditorOptions {
  policy: Policy;
  sinks: readonly Sink[];
  /** Whether objects of a resource, `PLURAL[.GROUP]`, may hold secrets, beside those of Kubernetes' own kinds. */
  holdsSecrets: (resource: string) => boolean;
  clock: Clock;
  meter: Meter;
}

export function createAuditor(options: AuditorOptions): Auditor {
  const { sinks, clock, meter } = options;
  const policy = createPolicyEvaluator(options.policy);
  const events = meter.counter(EVENTS);
  const requests = new Map(LEVELS.map((level) => [level, meter.counter(REQUESTS, { level })]));
  const shared = {
    policy,
    holdsSecrets: holdsSecretsAs(options.holdsSecrets),
    now: () => clock.now(),
    count: (level: Level) => requests.get(level)?.add(),
    send: (event: string) => {
      events.add();
      return sendTo(sinks, event);
    },
  };
  return { receive: (request) => new AuditedRequest({ ...shared, request }) };
}

/** At once, unless a sink has requests wait for their events. */
function sendTo(sinks: readonly Sink[], event: string): Promise<boolean> | boolean {
  const waits: Promise<boolean>[] = [];
  for (const sink of sinks) {
    const kept = sink.accept(event);
    if (sink.mode === 'batch') continue;
    const insists = sink.mode === 'blocking-strict';
    waits.push(Promise.resolve(kept).then((done) => done || !insists));
  }
  return waits.length === 0 || Promise.all(waits).then((all) => all.every(Boolean));
}

const EVENTS = { name: 'apiserver_audit_event_total', help: 'Audit events that were made.' };
const REQUESTS = {
  name: 'apiserver_audit_level_total',
  help: 'Requests by the level that the audit policy gives them.',
  labels: ['level'],
};
