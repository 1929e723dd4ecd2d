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
  /**
   * Takes a policy in place of the one before, for requests that come from now on; the outcome is counted.
   * @param read may throw; the policy before goes on to count then, and the error is thrown on
   */
  replacePolicy(read: () => Policy): void;
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
  let policy = createPolicyEvaluator(options.policy);
  const reloads = createReloadMeter(meter, clock);
  const events = meter.counter(EVENTS);
  const rejected = meter.counter(REJECTED);
  const requests = new Map(LEVELS.map((level) => [level, meter.counter(REQUESTS, { level })]));
  const shared = {
    holdsSecrets: holdsSecretsAs(options.holdsSecrets),
    now: () => clock.now(),
    count: (level: Level) => requests.get(level)?.add(),
    send: (event: string) => {
      events.add();
      return sendTo(sinks, event);
    },
    rejected: () => rejected.add(),
  };
  return {
    receive: (request) => new AuditedRequest({ ...shared, policy, request }),
    replacePolicy(read) {
      try {
        policy = createPolicyEvaluator(read());
      } catch (error) {
        reloads('failure');
        throw error;
      }
      reloads('success');
    },
  };
}

/** Counts by what came of it, and says when that was last (as kube-apiserver does for its authentication configuration). */
function createReloadMeter(meter: Meter, clock: Clock): (status: 'failure' | 'success') => void {
  const last = { success: 0, failure: 0 };
  const statuses = ['success', 'failure'] as const;
  const counters = new Map(statuses.map((status) => [status, meter.counter(RELOADS, { status })]));
  return (status) => {
    last[status] = clock.now() / 1000;
    counters.get(status)?.add();
    meter.gauge(LAST_RELOAD, { status }, () => last[status]);
  };
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
const REJECTED = {
  name: 'apiserver_audit_requests_rejected_total',
  help: 'Requests that were refused because their event could not be written.',
};
const RELOADS = {
  name: 'troupe_audit_policy_reloads_total',
  help: 'How often the audit policy has changed while the server ran, by what came of it.',
  labels: ['status'],
};
const LAST_RELOAD = {
  name: 'troupe_audit_policy_reload_last_timestamp_seconds',
  help: 'When the audit policy has changed last, by what came of it.',
  labels: ['status'],
};
const REQUESTS = {
  name: 'apiserver_audit_level_total',
  help: 'Requests by the level that the audit policy gives them.',
  labels: ['level'],
};
