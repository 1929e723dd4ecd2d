import { describe, expect, it } from 'vitest';
import type { ObjectMeta } from '../machinery/meta.ts';
import { coerceObjectMeta, validateObjectMeta } from './object-meta.ts';
import type { NameRule } from './object-meta.ts';

const OWNER = { apiVersion: 'v1', kind: 'A', name: 'a', uid: 'u' };

function problems(meta: Partial<ObjectMeta>, nameRule: NameRule = 'dns-subdomain'): string[] {
  const causes = validateObjectMeta(
    { name: 'a', namespace: 'default', ...meta },
    { nameRule, scope: 'Namespaced' },
  );
  return causes.map((cause) => `${cause.field}: ${cause.message}`);
}

describe('names', () => {
  const cases: { rule: NameRule; name: string; want: RegExp | undefined }[] = [
    { rule: 'dns-subdomain', name: 'my-task.2', want: undefined },
    {
      rule: 'dns-subdomain',
      name: 'ClaudeCode',
      want: /^metadata\.name: Invalid value: "ClaudeCode": a lowercase RFC 1123 subdomain must consist/,
    },
    { rule: 'dns-subdomain', name: 'a'.repeat(254), want: /must be no more than 253 characters/ },
    { rule: 'dns-label', name: 'a.b', want: /must not contain dots/ },
    { rule: 'dns-label', name: 'a'.repeat(64), want: /must be no more than 63 characters/ },
    { rule: 'path-segment', name: 'ClaudeCode', want: undefined },
    { rule: 'path-segment', name: '中文 bot', want: undefined },
    { rule: 'path-segment', name: 'a/b', want: /may not contain '\/'/ },
    { rule: 'path-segment', name: 'a%2fb', want: /may not contain '%'/ },
    { rule: 'path-segment', name: '..', want: /may not be '\.\.'/ },
    { rule: 'path-segment', name: 'a\nb', want: /may not contain control characters/ },
    { rule: 'path-segment', name: 'a\ud800', want: /must be valid Unicode/ },
    { rule: 'path-segment', name: '中'.repeat(85), want: /must be no more than 253 bytes/ },
    {
      rule: 'path-segment',
      name: '',
      want: /^metadata\.name: Required value: name or generateName is required$/,
    },
  ];
  it.each(cases)('$rule: $name', ({ rule, name, want }) => {
    const found = problems({ name }, rule);
    if (want === undefined) expect(found).toEqual([]);
    else expect(found[0]).toMatch(want);
  });
});

describe('validateObjectMeta', () => {
  const cases: { reason: string; meta: Partial<ObjectMeta>; want: RegExp | undefined }[] = [
    { reason: 'usual labels', meta: { labels: { 'app.kubernetes.io/name': 'x', a: '' } }, want: undefined },
    {
      reason: 'a bad key of a label',
      meta: { labels: { 'a b': 'x' } },
      want: /^metadata\.labels: Invalid value: "a b": name part must consist/,
    },
    { reason: 'an empty prefix', meta: { labels: { '/b': 'x' } }, want: /prefix part must be non-empty/ },
    { reason: 'two slashes', meta: { labels: { 'a/b/c': 'x' } }, want: /a valid label key must consist/ },
    {
      reason: 'a bad value of a label',
      meta: { labels: { a: '-x' } },
      want: /Invalid value: "-x": a valid label must be an empty string or consist/,
    },
    {
      reason: 'a long value of a label',
      meta: { labels: { a: 'x'.repeat(64) } },
      want: /must be no more than 63 bytes/,
    },
    { reason: 'any value of an annotation', meta: { annotations: { 'A/b': '-\n{}' } }, want: undefined },
    {
      reason: 'too many annotations',
      meta: { annotations: { a: 'x'.repeat(262144) } },
      want: /^metadata\.annotations: Too long: may not be more than 262144 bytes$/,
    },
    { reason: 'a complete owner', meta: { ownerReferences: [OWNER] }, want: undefined },
    {
      reason: 'an owner without a uid',
      meta: { ownerReferences: [{ ...OWNER, uid: '' }] },
      want: /^metadata\.ownerReferences\[0\]\.uid: Required value: must not be empty$/,
    },
    {
      reason: 'two controllers',
      meta: {
        ownerReferences: [OWNER, { ...OWNER, name: 'b' }].map((owner) =>
          Object.assign({ controller: true }, owner),
        ),
      },
      want: /Only one reference can have Controller set to true\. Found "true" in references for A\/a and A\/b/,
    },
    {
      reason: 'an Event owns nothing',
      meta: { ownerReferences: [{ ...OWNER, apiVersion: 'v1', kind: 'Event' }] },
      want: /Kind=Event is disallowed from being an owner/,
    },
    {
      reason: 'a base of names is checked as far as it goes',
      meta: { generateName: 'Task-' },
      want: /^metadata\.generateName: Invalid value: "Task-": a lowercase RFC 1123 subdomain/,
    },
    { reason: 'a base of names may end in a dash', meta: { generateName: 'task-' }, want: undefined },
    {
      reason: 'orphan or foreground',
      meta: { finalizers: ['orphan', 'foregroundDeletion'] },
      want: /cannot be both set/,
    },
    { reason: 'a finalizer', meta: { finalizers: ['agent.wecode.io/sandbox'] }, want: undefined },
    {
      reason: 'a bad finalizer',
      meta: { finalizers: ['a b'] },
      want: /^metadata\.finalizers: Invalid value: "a b"/,
    },
    {
      reason: 'a namespace is needed',
      meta: { namespace: '' },
      want: /^metadata\.namespace: Required value$/,
    },
    {
      reason: 'a namespace is a label',
      meta: { namespace: 'a.b' },
      want: /^metadata\.namespace: Invalid value: "a\.b"/,
    },
  ];
  it.each(cases)('$reason', ({ meta, want }) => {
    const found = problems(meta);
    if (want === undefined) expect(found).toEqual([]);
    else expect(found[0]).toMatch(want);
  });

  it('a cluster-scoped object has no namespace', () => {
    const rules = { nameRule: 'dns-subdomain', scope: 'Cluster' } as const;
    expect(validateObjectMeta({ name: 'a' }, rules)).toEqual([]);
    const [cause] = validateObjectMeta({ name: 'a', namespace: 'b' }, rules);
    expect(cause?.message).toBe('Forbidden: not allowed on this type');
  });
});

describe('coerceObjectMeta', () => {
  it('keeps what is known, names what is not, drops nulls', () => {
    const coerced = coerceObjectMeta({
      name: 'a',
      labels: null,
      creationTimestamp: null,
      zork: 1,
      displayName: 'A',
    });
    expect(coerced).toEqual({
      metadata: { name: 'a', displayName: 'A' },
      unknownFields: ['metadata.zork'],
      causes: [],
    });
  });

  const wrong: { reason: string; meta: unknown; want: string }[] = [
    {
      reason: 'no object',
      meta: 'a',
      want: 'metadata: Invalid value: "string": metadata in body must be of type object: "string"',
    },
    {
      reason: 'a number as label',
      meta: { labels: { a: 1 } },
      want: 'metadata.labels.a: Invalid value: "integer": metadata.labels.a in body must be of type string: "integer"',
    },
    {
      reason: 'a number as name',
      meta: { name: 5 },
      want: 'metadata.name: Invalid value: "integer": metadata.name in body must be of type string: "integer"',
    },
    {
      reason: 'finalizers that are no list',
      meta: { finalizers: 'a' },
      want: 'metadata.finalizers: Invalid value: "string": metadata.finalizers in body must be of type array: "string"',
    },
  ];
  it.each(wrong)('refuses $reason', ({ meta, want }) => {
    expect(coerceObjectMeta(meta).causes.map((cause) => `${cause.field}: ${cause.message}`)).toEqual([want]);
  });

  it('does not take __proto__ and constructor for fields', () => {
    const coerced = coerceObjectMeta(JSON.parse('{"name":"a","__proto__":{"b":1},"constructor":1}'));
    expect(coerced.unknownFields).toEqual(['metadata.__proto__', 'metadata.constructor']);
    expect(Object.getPrototypeOf(coerced.metadata)).toBe(Object.prototype);
  });
});
