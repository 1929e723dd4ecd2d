import { describe, expect, it } from 'vitest';
import { tracingSettings } from './tracing-settings.ts';

const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };

describe('the variables of OpenTelemetry', () => {
  it.each([
    { env: {}, reason: 'nobody asks for traces' },
    { env: { OTEL_EXPORTER_OTLP_ENDPOINT: '' }, reason: 'an empty variable is as one that is not set' },
    { env: { ...ENDPOINT, OTEL_TRACES_EXPORTER: 'none' }, reason: 'asked not to' },
    { env: { ...ENDPOINT, OTEL_SDK_DISABLED: 'true' }, reason: 'switched off' },
  ])('ask for no traces: $reason', ({ env, reason }) => {
    expect(tracingSettings(env), reason).toBeUndefined();
  });

  it.each([
    { env: ENDPOINT, exporter: 'otlp', reason: 'an endpoint is enough' },
    {
      env: { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://c/v1/traces' },
      exporter: 'otlp',
      reason: 'of traces alone',
    },
    { env: { OTEL_TRACES_EXPORTER: 'otlp' }, exporter: 'otlp', reason: 'the endpoint on this machine' },
    { env: { OTEL_TRACES_EXPORTER: 'console' }, exporter: 'console', reason: 'to standard output' },
  ])('ask for traces to $exporter: $reason', ({ env, exporter, reason }) => {
    expect(tracingSettings(env)?.exporter, reason).toBe(exporter);
  });

  it.each([
    { sampler: undefined, arg: undefined, want: { isParentBased: true, ratio: 1 } },
    { sampler: 'always_off', arg: undefined, want: { isParentBased: false, ratio: 0 } },
    { sampler: 'parentbased_traceidratio', arg: '0.25', want: { isParentBased: true, ratio: 0.25 } },
    { sampler: 'traceidratio', arg: undefined, want: { isParentBased: false, ratio: 1 } },
  ])('sample by $sampler with $arg', ({ sampler, arg, want }) => {
    const env = { ...ENDPOINT, OTEL_TRACES_SAMPLER: sampler, OTEL_TRACES_SAMPLER_ARG: arg };
    expect(tracingSettings(env)?.sampler).toEqual(want);
  });

  it.each([
    { name: 'OTEL_TRACES_EXPORTER', value: 'zipkin', text: 'is "zipkin"; supported: otlp, console, none' },
    { name: 'OTEL_EXPORTER_OTLP_PROTOCOL', value: 'grpc', text: 'is "grpc"; supported: http/protobuf' },
    { name: 'OTEL_TRACES_SAMPLER', value: 'jaeger_remote', text: 'is "jaeger_remote"; supported: always_on' },
    { name: 'OTEL_BSP_MAX_QUEUE_SIZE', value: '-1', text: 'is "-1"; supported: a whole number above 0' },
    {
      name: 'OTEL_BSP_MAX_EXPORT_BATCH_SIZE',
      value: '4096',
      text: 'is "4096"; supported: at most OTEL_BSP_MAX_QUEUE_SIZE (2048)',
    },
  ])('are refused: $name=$value', ({ name, value, text }) => {
    expect(() => tracingSettings({ ...ENDPOINT, [name]: value })).toThrow(`${name} ${text}`);
  });

  it('are refused where a share is none', () => {
    const env = { ...ENDPOINT, OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '2' };
    expect(() => tracingSettings(env)).toThrow('OTEL_TRACES_SAMPLER_ARG is "2"');
  });
});
