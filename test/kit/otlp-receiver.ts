import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import protobuf from 'protobufjs';

/** A span as it came over the wire. */
export interface ReceivedSpan {
  service: string;
  name: string;
  traceId: string;
  spanId: string;
  /** '' for the first span of a trace. */
  parentSpanId: string;
  attributes: Record<string, boolean | number | string>;
  /** Milliseconds since the epoch. */
  startedAt: number;
  endedAt: number;
  isError: boolean;
}

/** A receiver of OTLP over HTTP in protobuf: what a collector is to a process. */
export interface OtlpReceiver extends AsyncDisposable {
  readonly url: string;
  readonly spans: ReceivedSpan[];
  /** Resolves when what has come is enough. */
  until(isEnough: (spans: readonly ReceivedSpan[]) => boolean): Promise<void>;
}

/**
 * The fields that tests look at, by their numbers in opentelemetry/proto/trace/v1/trace.proto and
 * opentelemetry/proto/common/v1/common.proto (https://github.com/open-telemetry/opentelemetry-proto).
 */
const PROTO = `
syntax = "proto3";
message Request { repeated ResourceSpans resource_spans = 1; }
message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
message Resource { repeated KeyValue attributes = 1; }
message ScopeSpans { repeated Span spans = 2; }
message KeyValue { string key = 1; AnyValue value = 2; }
message AnyValue {
  oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; }
}
message Status { int32 code = 3; }
message Span {
  bytes trace_id = 1;
  bytes span_id = 2;
  bytes parent_span_id = 4;
  string name = 5;
  fixed64 start_time_unix_nano = 7;
  fixed64 end_time_unix_nano = 8;
  repeated KeyValue attributes = 9;
  Status status = 15;
}
`;

const request = protobuf.parse(PROTO).root.lookupType('Request');

interface KeyValue {
  key: string;
  value: Record<string, boolean | number | string>;
}

interface Decoded {
  resourceSpans: {
    resource: { attributes: KeyValue[] };
    scopeSpans: { spans: DecodedSpan[] }[];
  }[];
}

interface DecodedSpan {
  traceId: string;
  spanId: string;
  parentSpanId: string;
  name: string;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: KeyValue[];
  status?: { code: number };
}

const ERROR = 2;

export async function otlpReceiver(): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  const arrivals = new EventEmitter();
  const server = createServer((incoming, response) => {
    void buffer(incoming).then((body) => {
      if (incoming.url === '/v1/traces') spans.push(...read(body));
      response.writeHead(200, { 'content-type': 'application/x-protobuf' });
      response.end();
      arrivals.emit('spans');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    async until(isEnough) {
      while (!isEnough(spans)) await once(arrivals, 'spans');
    },
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function read(body: Buffer): ReceivedSpan[] {
  const options = { bytes: String, longs: String, arrays: true, objects: true, defaults: true };
  const { resourceSpans } = request.toObject(request.decode(body), options) as Decoded;
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = String(attributesOf(resource.attributes)['service.name'] ?? '');
    return scopeSpans.flatMap((scope) => scope.spans.map((span) => received(span, service)));
  });
}

function received(span: DecodedSpan, service: string): ReceivedSpan {
  const { traceId, spanId, parentSpanId, name, startTimeUnixNano, endTimeUnixNano, attributes, status } =
    span;
  return {
    ...{ service, name, traceId: hex(traceId), spanId: hex(spanId), parentSpanId: hex(parentSpanId) },
    attributes: attributesOf(attributes),
    startedAt: Number(startTimeUnixNano) / 1e6,
    endedAt: Number(endTimeUnixNano) / 1e6,
    isError: status?.code === ERROR,
  };
}

const hex = (base64: string): string => Buffer.from(base64, 'base64').toString('hex');

function attributesOf(values: readonly KeyValue[]): ReceivedSpan['attributes'] {
  return Object.fromEntries(
    values.map(({ key, value }) => {
      const [kind = '', one = ''] = Object.entries(value)[0] ?? [];
      return [key, kind === 'intValue' ? Number(one) : one];
    }),
  );
}

/** The spans of a trace as lines, each below its parent, in the order in which they began; services in brackets. */
export function spanTree(spans: readonly ReceivedSpan[], parent = '', depth = 0): string[] {
  return spans
    .filter(({ parentSpanId }) => parentSpanId === parent)
    .toSorted((a, b) => a.startedAt - b.startedAt)
    .flatMap((span) =>
      [`${'  '.repeat(depth)}${span.name} [${span.service}]`].concat(spanTree(spans, span.spanId, depth + 1)),
    );
}
