import { deflateSync, gzipSync } from 'node:zlib';

/** Bodies that are small to send and meant to be large, deep or endless to read. */

const MOST = 3 * 1024 * 1024;

/** A field of bytes, with the length that is said, or the true one. */
function field(number: number, bytes: Uint8Array, said = bytes.length): Buffer {
  return Buffer.concat([
    varint((BigInt(number) << 3n) | 2n),
    varint(BigInt.asUintN(64, BigInt(said))),
    bytes,
  ]);
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest === 0n ? low : low | 0x80);
  } while (rest !== 0n);
  return Buffer.from(bytes);
}

const text = (number: number, value: string): Buffer => field(number, Buffer.from(value));

/** The envelope of a kind (apimachinery runtime.Unknown) around a message. */
function protobuf(apiVersion: string, kind: string, message: Uint8Array): Buffer {
  const type = Buffer.concat([text(1, apiVersion), text(2, kind)]);
  return Buffer.concat([Buffer.from('k8s\0'), field(1, type), field(2, message)]);
}

const metadata = field(1, text(1, 'bomb'));
const configMap = (...fields: Uint8Array[]): Buffer =>
  protobuf('v1', 'ConfigMap', Buffer.concat([metadata, ...fields]));
const role = (...fields: Uint8Array[]): Buffer =>
  protobuf('rbac.authorization.k8s.io/v1', 'Role', Buffer.concat([metadata, ...fields]));
const definition = (...fields: Uint8Array[]): Buffer =>
  protobuf('apiextensions.k8s.io/v1', 'CustomResourceDefinition', Buffer.concat(fields));

const times = (count: number, bytes: Uint8Array): Buffer =>
  Buffer.concat(Array.from({ length: count }, () => bytes));

/** A schema within a schema (`not`, field 29 of JSONSchemaProps), within a version of a definition. */
function nestedSchemas(depth: number): Buffer {
  let schema: Buffer = text(5, 'object');
  for (let level = 0; level < depth; level++) schema = field(29, schema);
  const version = Buffer.concat([text(1, 'v1'), field(4, field(1, schema))]);
  return field(2, field(7, version));
}

export const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
const ROLES = '/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles';
const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

export interface Bomb {
  name: string;
  path: string;
  headers: Record<string, string>;
  body: Uint8Array;
}

const asProtobuf = (name: string, path: string, body: Uint8Array): Bomb => ({
  ...{ name, path, body },
  headers: { 'content-type': 'application/vnd.kubernetes.protobuf' },
});
const asJson = (name: string, path: string, body: Uint8Array, more: Record<string, string> = {}): Bomb => ({
  ...{ name, path, body },
  headers: { 'content-type': 'application/json', ...more },
});

const small = Buffer.from(
  JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'bomb' } }),
);
const zeros = gzipSync(Buffer.alloc(256 * 1024 * 1024), { level: 9 });

/** They are ConfigMaps all the same, as for kube-apiserver, which decodes no contents of requests either. */
export const HARMLESS: ReadonlySet<string> = new Set([
  'a million fields that nobody knows',
  '300,000 entries of one key',
  'an envelope that says gzip',
  'gzip that is not gzip',
]);

export function makeBombs(): Bomb[] {
  return [
    asProtobuf('a length beyond the body', CONFIG_MAPS, configMap(field(2, Buffer.from('x'), 2 ** 31))),
    asProtobuf(
      'a length of 2^63',
      CONFIG_MAPS,
      configMap(Buffer.concat([Buffer.from([18]), varint(2n ** 63n)])),
    ),
    asProtobuf(
      'a length of 2^64 - 1',
      CONFIG_MAPS,
      configMap(Buffer.concat([Buffer.from([18]), varint(2n ** 64n - 1n)])),
    ),
    asProtobuf('a number without an end', CONFIG_MAPS, configMap(Buffer.alloc(1024, 0xff))),
    asProtobuf('a group without an end', CONFIG_MAPS, configMap(Buffer.from([11]))),
    asProtobuf(
      'a million fields that nobody knows',
      CONFIG_MAPS,
      configMap(times(1_000_000, Buffer.from([0x78, 1]))),
    ),
    asProtobuf('300,000 entries of one key', CONFIG_MAPS, configMap(times(300_000, field(2, text(1, 'k'))))),
    asProtobuf(
      '200,000 annotations',
      CONFIG_MAPS,
      protobuf(
        'v1',
        'ConfigMap',
        field(
          1,
          Buffer.concat([
            text(1, 'bomb'),
            ...Array.from({ length: 200_000 }, (_, n) => field(12, text(1, `${n}`))),
          ]),
        ),
      ),
    ),
    asProtobuf('a million empty rules', ROLES, role(times(1_000_000, field(2, Buffer.alloc(0))))),
    asProtobuf('rules with 700,000 empty verbs', ROLES, role(field(2, times(700_000, text(1, ''))))),
    asProtobuf('schemas in schemas, 400 deep', DEFINITIONS, definition(nestedSchemas(400))),
    asProtobuf('schemas in schemas, 20,000 deep', DEFINITIONS, definition(nestedSchemas(20_000))),
    asProtobuf(
      'an envelope in an envelope',
      CONFIG_MAPS,
      protobuf('v1', 'ConfigMap', protobuf('v1', 'ConfigMap', configMap())),
    ),
    asProtobuf('an envelope that says gzip', CONFIG_MAPS, Buffer.concat([configMap(), text(3, 'gzip')])),
    asProtobuf('no envelope', CONFIG_MAPS, Buffer.alloc(1_000_000, 10)),
    asJson('256 MiB of zeros in gzip', CONFIG_MAPS, zeros, { 'content-encoding': 'gzip' }),
    asJson('gzip in gzip', CONFIG_MAPS, gzipSync(gzipSync(Buffer.alloc(MOST))), {
      'content-encoding': 'gzip, gzip',
    }),
    asJson('deflate', CONFIG_MAPS, deflateSync(small), { 'content-encoding': 'deflate' }),
    asJson('gzip that is not gzip', CONFIG_MAPS, small, { 'content-encoding': 'gzip' }),
    asJson('more than a body may have', CONFIG_MAPS, Buffer.alloc(MOST + 1, ' ')),
    asJson('a million brackets', CONFIG_MAPS, Buffer.from('['.repeat(1_000_000))),
    asJson('400,000 keys of one name', CONFIG_MAPS, Buffer.from(`{${'"a":1,'.repeat(400_000)}"b":1}`)),
    asJson('a number of a million digits', CONFIG_MAPS, Buffer.from(`{"a":${'9'.repeat(1_000_000)}}`)),
    asJson(
      '200,000 keys',
      CONFIG_MAPS,
      Buffer.from(
        JSON.stringify({
          ...JSON.parse(small.toString()),
          data: Object.fromEntries(Array.from({ length: 200_000 }, (_, n) => [`${n}`, ''])),
        }),
      ),
    ),
    asJson(
      'a patch of 100,000 operations',
      `${CONFIG_MAPS}/bomb`,
      Buffer.from(`[${'{"op":"test","path":""},'.repeat(100_000)}{}]`),
      { 'content-type': 'application/json-patch+json' },
    ),
    asJson(
      'a patch that doubles',
      `${CONFIG_MAPS}/bomb`,
      Buffer.from(
        JSON.stringify([
          { op: 'add', path: '/data', value: { a: 'x' } },
          ...Array.from({ length: 40 }, (_, n) => ({ op: 'copy', from: '/data', path: `/data/${n}` })),
        ]),
      ),
      { 'content-type': 'application/json-patch+json' },
    ),
  ];
}
