import type { Counter, Histogram, HistogramMetric, Meter, Metric } from '#api/machinery/meter';
import { MODEL_PROTOCOLS } from '../protocol/run.ts';
import type { ModelProtocol } from '../protocol/run.ts';

/** `answered`: with a status below 400. `refused`: with 4xx. `failed`: with 5xx, or not at all. `left`: the agent did not wait. */
const OUTCOMES = ['answered', 'refused', 'failed', 'left'] as const;
export type CallOutcome = (typeof OUTCOMES)[number];

/** The figures of the calls of Models. No label names a Model, a service or a run. */
export interface ForwarderFigures {
  ended(protocol: ModelProtocol, outcome: CallOutcome): void;
  /** A call was on its way to the service so many milliseconds after it came. */
  sent(protocol: ModelProtocol, ms: number): void;
  /** The service began to answer so many milliseconds after that. */
  answering(protocol: ModelProtocol, ms: number): void;
  /** Bytes of a body went by. */
  bytes(protocol: ModelProtocol, direction: 'request' | 'answer', count: number): void;
}

const CALLS: Metric = {
  name: 'troupe_model_calls_total',
  help: 'Calls of model services by agents.',
  labels: ['protocol', 'outcome'],
};
const BYTES: Metric = {
  name: 'troupe_model_bytes_total',
  help: 'Bytes of the bodies of calls of model services.',
  labels: ['protocol', 'direction'],
};
const SENT: HistogramMetric = {
  name: 'troupe_model_forward_seconds',
  help: 'How long a call is in the executor manager before it is sent on.',
  labels: ['protocol'],
  buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 1],
};
const ANSWERING: HistogramMetric = {
  name: 'troupe_model_first_byte_seconds',
  help: 'How long a service takes until it begins to answer.',
  labels: ['protocol'],
  buckets: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900],
};

export function forwarderFigures(meter: Meter): ForwarderFigures {
  const counter = (metric: Metric, protocol: string, other: Record<string, string>): Counter =>
    meter.counter(metric, { protocol, ...other });
  const histogram = (metric: HistogramMetric, protocol: string): Histogram =>
    meter.histogram(metric, { protocol });
  const series = new Map(
    MODEL_PROTOCOLS.map((protocol) => [
      protocol,
      {
        calls: new Map(OUTCOMES.map((outcome) => [outcome, counter(CALLS, protocol, { outcome })])),
        request: counter(BYTES, protocol, { direction: 'request' }),
        answer: counter(BYTES, protocol, { direction: 'answer' }),
        sent: histogram(SENT, protocol),
        answering: histogram(ANSWERING, protocol),
      },
    ]),
  );
  return {
    ended: (protocol, outcome) => series.get(protocol)?.calls.get(outcome)?.add(),
    sent: (protocol, ms) => series.get(protocol)?.sent.observe(ms / 1000),
    answering: (protocol, ms) => series.get(protocol)?.answering.observe(ms / 1000),
    bytes: (protocol, direction, count) => series.get(protocol)?.[direction].add(count),
  };
}
