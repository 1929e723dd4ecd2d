import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Resource } from '../registry/resource.ts';
import type { InFlightCounts } from './limits/in-flight.ts';

/** What was asked for: kinds that are served and our own verbs, so that no client can make new series. */
export interface Served {
  verb: string;
  resource: Resource | undefined;
  subresource: string;
  scope: 'cluster' | 'namespace' | 'resource' | '';
}

/** The figures of kube-apiserver that dashboards and alerts are made of, under their names. */
export interface Metrics {
  countRequest(served: Served, answer: { code: number; seconds: number }): void;
  countWatchEvents(resource: Resource, events: number): void;
  text(): Promise<string>;
  readonly contentType: string;
}

const LATENCY_BUCKETS = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60,
];
const LABELS = ['verb', 'group', 'version', 'resource', 'subresource', 'scope', 'component'];
const KNOWN_VERBS = new Set([
  'create',
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'update',
  'watch',
]);

export function createMetrics(counts: InFlightCounts): Metrics {
  const registers = [new Registry()];
  const [register = new Registry()] = registers;
  collectDefaultMetrics({ register });
  const requests = new Counter({
    name: 'apiserver_request_total',
    help: 'Requests by verb, kind and HTTP status.',
    labelNames: [...LABELS, 'code'],
    registers,
  });
  const durations = new Histogram({
    name: 'apiserver_request_duration_seconds',
    help: 'Time from the request to its answer; streams are not counted.',
    labelNames: LABELS,
    buckets: LATENCY_BUCKETS,
    registers,
  });
  const events = new Counter({
    name: 'apiserver_watch_events_total',
    help: 'Events sent to watchers.',
    labelNames: ['group', 'version', 'resource'],
    registers,
  });
  mountGauges(registers, counts);
  return {
    countRequest(served, { code, seconds }) {
      const labels = labelsOf(served);
      requests.inc({ ...labels, code }, 1);
      if (served.verb !== 'watch') durations.observe(labels, seconds);
    },
    countWatchEvents: ({ group, version, plural }, count) =>
      events.inc({ group, version, resource: plural }, count),
    text: () => register.metrics(),
    contentType: register.contentType,
  };
}

function mountGauges(registers: Registry[], counts: InFlightCounts): void {
  const inFlight = new Gauge({
    name: 'apiserver_current_inflight_requests',
    help: 'Requests under way.',
    labelNames: ['request_kind'],
    registers,
    collect() {
      inFlight.set({ request_kind: 'readOnly' }, counts.reads);
      inFlight.set({ request_kind: 'mutating' }, counts.writes);
    },
  });
  const streams = new Gauge({
    name: 'apiserver_longrunning_requests',
    help: 'Watches and logs that are open.',
    registers,
    collect() {
      streams.set(counts.streams);
    },
  });
}

function labelsOf({ verb, resource, subresource, scope }: Served): Record<string, string> {
  return {
    verb: KNOWN_VERBS.has(verb) ? verb.toUpperCase() : 'other',
    group: resource?.group ?? '',
    version: resource?.version ?? '',
    resource: resource?.plural ?? '',
    subresource: resource === undefined ? '' : subresource,
    scope,
    component: 'apiserver',
  };
}
