import { describe, expect, it } from 'vitest';
import type { Unstructured } from '../../machinery/meta.ts';
import { loadDefinitions } from '../../schema/load-crds.ts';
import type { Resource } from '../resource.ts';
import { strategyOf } from './strategies.ts';

/** What core/validation says of objects that fit their schema. */

const definitions = loadDefinitions();

function kind(name: string, group = ''): Resource {
  const found = definitions.find((one) => one.kind === name && one.group === group);
  if (found === undefined) throw new Error(`no kind ${name}`);
  return found;
}

function texts(resource: Resource, content: object, previous?: object): string[] {
  const strategy = strategyOf(resource);
  const whole = (fields: object): Unstructured => {
    const object = {
      apiVersion: resource.group === '' ? 'v1' : `${resource.group}/v1`,
      kind: resource.kind,
      metadata: { name: 'x', namespace: 'default' },
      ...fields,
    };
    return strategy.applyDefaults?.(object) ?? object;
  };
  const causes = strategy.validate?.(whole(content), previous && whole(previous), resource) ?? [];
  return causes.map(({ field = '', message }) => `${field}: ${message}`);
}

describe('Secrets of a known type', () => {
  it.each([
    ['kubernetes.io/tls', { 'tls.crt': 'eA==' }, ['data[tls.key]: Required value']],
    ['kubernetes.io/tls', { 'tls.crt': '', 'tls.key': '' }, []],
    ['kubernetes.io/basic-auth', {}, ['data[username]: Required value', 'data[password]: Required value']],
    ['kubernetes.io/basic-auth', { password: 'eA==' }, []],
    ['kubernetes.io/ssh-auth', { 'ssh-privatekey': '' }, ['data[ssh-privatekey]: Required value']],
    ['kubernetes.io/dockerconfigjson', {}, ['data[.dockerconfigjson]: Required value']],
    ['kubernetes.io/dockerconfigjson', { '.dockerconfigjson': 'e30=' }, []],
    [
      'kubernetes.io/service-account-token',
      {},
      ['metadata.annotations[kubernetes.io/service-account.name]: Required value'],
    ],
    ['helm.sh/release.v1', {}, []],
  ])('%s with %o', (type, data, want) => {
    expect(texts(kind('Secret'), { type, data })).toEqual(want);
  });

  it('do not show a configuration that is no JSON', () => {
    const data = { '.dockerconfigjson': Buffer.from('sk-secret').toString('base64') };
    const [text] = texts(kind('Secret'), { type: 'kubernetes.io/dockerconfigjson', data });
    expect(text).toContain('"<secret contents redacted>"');
  });
});

describe('ConfigMaps', () => {
  it('have each key once', () => {
    const overlap = { data: { a: 'x' }, binaryData: { a: 'eA==' } };
    expect(texts(kind('ConfigMap'), overlap)).toEqual([
      'data[a]: Invalid value: "a": duplicate of key present in binaryData',
    ]);
    expect(texts(kind('ConfigMap'), { data: { '..a': 'x' } })[0]).toContain(`must not start with '..'`);
  });

  it('stay when they are immutable', () => {
    const before = { immutable: true, data: { a: 'x' } };
    expect(texts(kind('ConfigMap'), { ...before, data: { a: 'y' } }, before)).toEqual([
      'data: Forbidden: field is immutable when `immutable` is set',
    ]);
    expect(texts(kind('ConfigMap'), before, before)).toEqual([]);
  });

  it('have at most 1 MiB', () => {
    const text = 'x'.repeat(1024 * 1024);
    expect(texts(kind('ConfigMap'), { data: { a: text } })).toEqual([]);
    expect(texts(kind('ConfigMap'), { data: { a: text, b: 'y' } })).toEqual([
      expect.stringContaining('may not be more than 1048576 bytes'),
    ]);
  });
});

describe('Leases', () => {
  it.each([
    [{ leaseDurationSeconds: 0 }, ['spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0']],
    [
      { leaseTransitions: -1 },
      ['spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0'],
    ],
    [
      { preferredHolder: 'x' },
      ['spec.preferredHolder: Forbidden: may only be specified if `strategy` is defined'],
    ],
    [{ leaseDurationSeconds: 15, leaseTransitions: 0 }, []],
  ])('%o', (spec, want) => {
    expect(texts(kind('Lease', 'coordination.k8s.io'), { spec })).toEqual(want);
  });
});

describe('Events of events.k8s.io', () => {
  const event = {
    eventTime: '2026-11-21T07:00:00.000000Z',
    reportingController: 'a.io/x',
    reportingInstance: 'x-0',
    action: 'Try',
    reason: 'Tried',
    type: 'Normal',
    regarding: { kind: 'Task', name: 't', namespace: 'default' },
  };
  const events = kind('Event', 'events.k8s.io');

  it.each([
    [{}, []],
    [{ eventTime: null }, ['eventTime: Required value']],
    [{ action: '' }, ['action: Required value']],
    [{ reportingController: '' }, expect.arrayContaining(['reportingController: Required value'])],
    [{ type: 'Odd' }, ['type: Invalid value: "": has invalid value: Odd']],
    [{ deprecatedCount: 1 }, ['count: Invalid value: "": needs to be unset']],
    [
      { series: { count: 1, lastObservedTime: '2026-11-21T07:00:00.000000Z' } },
      ['series.count: Invalid value: "": should be at least 2'],
    ],
  ])('with %o', (change, want) => {
    expect(texts(events, { ...event, ...change })).toEqual(want);
  });

  it('change in nothing but their series', () => {
    const series = { count: 2, lastObservedTime: '2026-11-21T07:00:00.000000Z' };
    expect(texts(events, { ...event, series }, event)).toEqual([]);
    expect(texts(events, { ...event, reason: 'Other' }, event)).toEqual([
      'reason: Invalid value: "Other": field is immutable',
    ]);
  });
});
