import type { HistogramMetric, Labels, Meter, Metric } from '../machinery/meter.ts';
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

const REQUESTS: Metric = {
  name: 'apiserver_request_total',
  help: 'Requests by verb, kind and HTTP status.',
  labels: [...LABELS, 'code'],
};
const DURATIONS: HistogramMetric = {
  name: 'apiserver_request_duration_seconds',
  help: 'Time from the request to its answer; streams are not counted.',
  labels: LABELS,
  buckets: LATENCY_BUCKETS,
};
const EVENTS: Metric = {
  name: 'apiserver_watch_events_total',
  help: 'Events sent to watchers.',
  labels: ['group', 'version', 'resource'],
};
const IN_FLIGHT: Metric = {
  name: 'apiserver_current_inflight_requests',
  help: 'Requests under way.',
  labels: ['request_kind'],
};
const WAITING: Metric = {
  name: 'apiserver_flowcontrol_current_inqueue_requests',
  help: 'Requests that wait for a place among those under way.',
};
const STREAMS: Metric = {
  name: 'apiserver_longrunning_requests',
  help: 'Watches and logs that are open.',
};

export function createMetrics(meter: Meter, counts: InFlightCounts): Metrics {
  meter.gauge(IN_FLIGHT, { request_kind: 'readOnly' }, () => counts.reads);
  meter.gauge(IN_FLIGHT, { request_kind: 'mutating' }, () => counts.writes);
  meter.gauge(WAITING, {}, () => counts.waiting);
  meter.gauge(STREAMS, {}, () => counts.streams);
  return {
    countRequest(served, { code, seconds }) {
      const labels = labelsOf(served);
      meter.counter(REQUESTS, { ...labels, code: String(code) }).add();
      if (served.verb !== 'watch') meter.histogram(DURATIONS, labels).observe(seconds);
    },
    countWatchEvents: ({ group, version, plural }, count) =>
      meter.counter(EVENTS, { group, version, resource: plural }).add(count),
  };
}

function labelsOf({ verb, resource, subresource, scope }: Served): Labels {
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
