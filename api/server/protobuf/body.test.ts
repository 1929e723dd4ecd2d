import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StatusError } from '../../machinery/status-error.ts';
import { decodeProtobuf } from './body.ts';

type Value = Buffer | number | string;

/** One field as protobuf writes it; lengths and numbers below 128 only. */
function field(number: number, value: Value): Buffer {
  if (typeof value === 'number') return Buffer.from([number * 8, value]);
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([number * 8 + 2, bytes.length]), bytes]);
}

const message = (...fields: [number, Value][]): Buffer =>
  Buffer.concat(fields.map(([number, value]) => field(number, value)));

function envelope(kind: string, object: Buffer, apiVersion = 'v1'): Buffer {
  const unknown = message([1, message([1, apiVersion], [2, kind])], [2, object], [3, ''], [4, '']);
  return Buffer.concat([Buffer.from('k8s\0'), unknown]);
}

describe('decodeProtobuf', () => {
  it('refuses a length below zero, which would lead back to what was read', () => {
    // -11 in ten bytes: from the end of the number back to the field's own tag.
    const loop = [0x12, 0xf5, ...Array.from({ length: 8 }, () => 0xff), 0x01];
    expect(() => decodeProtobuf(Buffer.from([...Buffer.from('k8s\0'), ...loop]))).toThrow(
      /longer than its message/,
    );
  });

  it('reads a Secret as kubectl create secret sends it', () => {
    const time = message();
    const metadata = message(
      [1, 'key'],
      [2, ''],
      [3, 'default'],
      [8, time],
      [11, message([1, 'a'], [2, 'b'])],
      [14, 'x.io/y'],
    );
    const secret = message(
      [1, metadata],
      [2, message([1, 'k'], [2, Buffer.from([0xff])])],
      [3, 'Opaque'],
      [5, 1],
    );
    expect(decodeProtobuf(envelope('Secret', secret))).toEqual({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'key', namespace: 'default', labels: { a: 'b' }, finalizers: ['x.io/y'] },
      data: { k: '/w==' },
      type: 'Opaque',
      immutable: true,
    });
  });

  it('reads an Event of events.k8s.io by its own numbers, to the microsecond', () => {
    const event = message([2, message([1, 100], [2, Buffer.from([])])], [10, 'said'], [15, 0]);
    // 7000 nanoseconds as a number of two bytes, which `field` does not write.
    const time = Buffer.from([0x12, 0x05, 0x08, 0x64, 0x10, 0xd8, 0x36]);
    expect(decodeProtobuf(envelope('Event', event, 'events.k8s.io/v1'))).toEqual({
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      eventTime: '1970-01-01T00:01:40.000000Z',
      note: 'said',
    });
    expect(decodeProtobuf(envelope('Event', time, 'events.k8s.io/v1'))).toMatchObject({
      eventTime: '1970-01-01T00:01:40.000007Z',
    });
  });

  it('reads times', () => {
    const event = message([6, message([1, 100])], [10, message([1, 100], [2, 0])], [8, 3]);
    expect(decodeProtobuf(envelope('Event', event))).toMatchObject({
      firstTimestamp: '1970-01-01T00:01:40Z',
      eventTime: '1970-01-01T00:01:40.000000Z',
      count: 3,
    });
  });

  it.each([
    [Buffer.from('{}'), 'must begin with', 'JSON'],
    [envelope('Task', Buffer.alloc(0)), 'cannot be sent as protobuf', 'no kind for this'],
    [envelope('Secret', Buffer.from([0x0a, 0x7f])), 'longer than its message', 'cut off'],
    [envelope('Secret', Buffer.from([0x0a])), 'does not end', 'cut off in a number'],
    [envelope('Secret', message([3, Buffer.from([0xff])])), 'not UTF-8', 'bytes for a text'],
    [envelope('Secret', message([3, 5])), 'a number where', 'a number for a text'],
    [envelope('Secret', message([5, 'x'])), 'bytes where', 'a text for a flag'],
    [envelope('Secret', Buffer.from([0x0b])), 'wire type 3', 'groups are no longer used'],
  ])('refuses %o', (bytes, text, reason) => {
    expect(() => decodeProtobuf(bytes), reason).toThrow(
      expect.objectContaining({ code: 400, message: expect.stringContaining(text) as string }),
    );
  });

  it('answers any bytes with an object or a StatusError', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('Secret', 'Event', 'Namespace'),
        fc.uint8Array({ maxLength: 60 }),
        (kind, bytes) => {
          try {
            expect(decodeProtobuf(envelope(kind, Buffer.from(bytes)))).toMatchObject({ kind });
          } catch (error) {
            expect(error).toBeInstanceOf(StatusError);
          }
        },
      ),
    );
  });

  it('keeps a default that is an empty text', () => {
    const schema = message([5, 'string'], [8, message([1, '""'])]);
    const version = message([1, 'v1'], [4, message([1, schema])]);
    const crd = message([2, message([1, 'g'], [7, version])]);
    const apiVersion = 'apiextensions.k8s.io/v1';
    expect(decodeProtobuf(envelope('CustomResourceDefinition', crd, apiVersion))).toMatchObject({
      spec: { versions: [{ schema: { openAPIV3Schema: { type: 'string', default: '' } } }] },
    });
  });

  it.each([
    ['rbac.authorization.k8s.io/v1', 'Role', message([2, message([1, 'get'], [3, 'tasks'])]), 'rules'],
    [
      'authorization.k8s.io/v1',
      'SelfSubjectAccessReview',
      message([2, message([1, message([2, 'get'])])]),
      'spec',
    ],
    ['meta.k8s.io/v1', 'DeleteOptions', message([4, 'Orphan']), 'propagationPolicy'],
  ])('knows %s %s', (apiVersion, kind, object, part) => {
    expect(decodeProtobuf(envelope(kind, object, apiVersion))).toHaveProperty(part);
  });

  it('reads a CustomResourceDefinition, whose schemas hold schemas', () => {
    const maximum = Buffer.alloc(9);
    maximum[0] = 9 * 8 + 1;
    maximum.writeDoubleLE(10.5, 1);
    const count = Buffer.concat([message([5, 'integer']), maximum]);
    const properties = Buffer.from([0xea, 0x01, 2 + 'n'.length + 2 + count.length]);
    const entry = message([1, 'n'], [2, count]);
    const schema = Buffer.concat([message([5, 'object']), properties, entry]);
    const version = message([1, 'v1'], [2, 1], [3, 1], [4, message([1, schema])], [7, 0]);
    const crd = message([1, message([1, 'a'])], [2, message([1, 'g'], [7, version])]);
    expect(
      decodeProtobuf(envelope('CustomResourceDefinition', crd, 'apiextensions.k8s.io/v1')),
    ).toMatchObject({
      spec: {
        group: 'g',
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: {
              openAPIV3Schema: { type: 'object', properties: { n: { type: 'integer', maximum: 10.5 } } },
            },
          },
        ],
      },
    });
  });
});
