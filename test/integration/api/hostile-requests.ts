import fc from 'fast-check';
import {
  NAMES,
  GROUPS,
  KINDS,
  FIXED,
  SUBRESOURCES,
  METHODS,
  CONTENT_TYPES,
  ACCEPTS,
  PARAMETERS,
  KEYS,
  SPECS,
} from './hostile-vocabulary.ts';

/** What is sent to the server: valid requests, requests that are nearly so, and noise. */
export interface HostileRequest {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: Buffer | undefined;
}

const name = fc.oneof({ weight: 4, arbitrary: fc.constantFrom('a', 'b', 'c') }, fc.constantFrom(...NAMES));
const namespace = fc.oneof({ weight: 6, arbitrary: fc.constant('default') }, fc.constantFrom(...NAMES));
const segment = fc.oneof(fc.constantFrom(...NAMES), fc.webSegment());
const isNamespaced = (plural: string): boolean =>
  plural !== 'namespaces' && plural !== 'customresourcedefinitions';

const kindPath = fc
  .tuple(fc.constantFrom(...KINDS), namespace, fc.option(name), fc.option(fc.constantFrom(...SUBRESOURCES)))
  .map(([[group, plural], inside, one, part]) => {
    const collection = isNamespaced(plural)
      ? `/${group}/namespaces/${inside}/${plural}`
      : `/${group}/${plural}`;
    return collection + (one === null ? '' : `/${one}${part === null ? '' : `/${part}`}`);
  });
const path = fc.oneof(
  { weight: 12, arbitrary: kindPath },
  { weight: 2, arbitrary: fc.constantFrom(...FIXED) },
  fc
    .tuple(fc.constantFrom(...KINDS), fc.boolean())
    .map(([[group, plural], old]) => `/${group}${old ? '/watch' : ''}/${plural}`),
  fc
    .tuple(fc.constantFrom(...GROUPS), fc.array(segment, { maxLength: 6 }))
    .map((parts) => `/${parts.flat().join('/')}`),
);

const parameter = fc
  .constantFrom(...Object.keys(PARAMETERS))
  .chain((key) =>
    fc
      .oneof(fc.constantFrom(...(PARAMETERS[key] ?? [])), fc.string({ maxLength: 12 }))
      .map((value) => [key, value]),
  );
const query = fc
  .array(
    fc.oneof(
      { weight: 8, arbitrary: parameter },
      fc.tuple(fc.string({ maxLength: 5 }), fc.string({ maxLength: 5 })),
    ),
    {
      maxLength: 4,
    },
  )
  .map((pairs) =>
    pairs
      .map((pair) => pair.map((text) => encodeURIComponent((text ?? '').toWellFormed())).join('='))
      .join('&'),
  );

const key = fc.constantFrom(...KEYS);
const noise: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.constantFrom(null, true, 0, -1, 1.5, 1e308, '', 'a', '1', 'All', {}, []),
    fc.string({ maxLength: 8 }),
    fc.array(tie('value'), { maxLength: 3 }),
    fc
      .array(fc.tuple(key, tie('value')), { maxLength: 3 })
      .map((entries) => Object.fromEntries(entries) as unknown),
  ),
})).value;

/** Replaces one part of the value, wherever it is, or takes it away. */
function mutated(value: unknown, at: number, replacement: unknown): unknown {
  if (typeof value !== 'object' || value === null || at === 0) return replacement;
  const entries = Object.entries(value);
  const chosen = at % (entries.length + 1);
  const copy = entries.flatMap(([one, child], index): [string, unknown][] => {
    if (index !== chosen) return [[one, child]];
    if (at % 7 === 0) return [];
    return [[one, mutated(child, Math.floor(at / (entries.length + 1)), replacement)]];
  });
  if (Array.isArray(value))
    return [...copy.map(([, child]) => child), ...(chosen === entries.length ? [replacement] : [])];
  const added =
    chosen === entries.length ? [[KEYS[at % KEYS.length] ?? 'a', replacement] as [string, unknown]] : [];
  return Object.fromEntries([...copy, ...added]);
}

type Kind = (typeof KINDS)[number];

const objectOf = ([group, plural, kind]: Kind): fc.Arbitrary<unknown> =>
  fc
    .tuple(
      fc.oneof({ weight: 9, arbitrary: fc.constantFrom('a', 'b', 'c') }, name),
      fc.option(fc.tuple(fc.nat(), noise), { freq: 3 }),
      fc.option(fc.tuple(fc.nat(), noise), { freq: 1 }),
    )
    .map(([called, ...changes]) => {
      const metadata = {
        name: kind === 'CustomResourceDefinition' ? 'as.hostile.example.com' : called,
        namespace: isNamespaced(plural) ? 'default' : undefined,
        labels: { a: 'b' },
        finalizers: called === 'c' ? ['example.com/x'] : undefined,
      };
      let value: unknown = Object.assign(
        { apiVersion: group.replace(/^apis?\//, ''), kind, metadata },
        SPECS[kind],
      );
      for (const change of changes) if (change !== null) value = mutated(value, change[0], change[1]);
      return value;
    });
const object = fc.constantFrom(...KINDS).chain(objectOf);

const pointer = fc
  .array(fc.constantFrom(...KEYS, '0', '-', '-1', '~0', '~2', '99'), { maxLength: 4 })
  .map((parts) => parts.map((part) => `/${part}`).join(''));
const jsonPatch = fc.array(
  fc.record(
    {
      op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test', 'x'),
      path: pointer,
      from: pointer,
      value: noise,
    },
    { requiredKeys: ['op', 'path'] },
  ),
  { maxLength: 5 },
);

const DEEP = [1, 400, 600, 20_000].flatMap((depth) => [
  Buffer.from('['.repeat(depth)),
  Buffer.from(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`),
  Buffer.from(`${'- '.repeat(depth)}a`),
]);
const LAUGHS = Buffer.from(
  [
    'a: &a [x,x,x,x,x,x,x,x,x]',
    ...'bcdefgh'.split('').map((one, i) => `${one}: &${one} [${`*${'abcdefgh'[i]},`.repeat(9)}]`),
  ].join('\n'),
);

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value) ?? '');
const YAML_CHARACTERS = Array.from('{}[]:,-&*!|>\'"%@`#? \nab01~<=.');
const body: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 10, arbitrary: object.map(json) },
  { weight: 2, arbitrary: noise.map(json) },
  { weight: 2, arbitrary: jsonPatch.map(json) },
  fc.tuple(object, fc.nat()).map(([value, at]) => json(value).subarray(0, at % 300)),
  fc.tuple(object, fc.nat(), fc.nat()).map(([value, at, byte]) => flipped(json(value), at, byte)),
  fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
  { weight: 2, arbitrary: protobuf() },
  fc.string({ unit: fc.constantFrom(...YAML_CHARACTERS), maxLength: 60 }).map((text) => Buffer.from(text)),
  fc.constantFrom(
    ...DEEP,
    LAUGHS,
    Buffer.from('\uFEFF{}'),
    Buffer.from('{"a":1e999,"b":-0,"c":9223372036854775808}'),
  ),
);

function flipped(bytes: Buffer, at: number, byte: number): Buffer {
  const copy = Buffer.from(bytes);
  if (copy.length > 0) copy[at % copy.length] = byte % 256;
  return copy;
}

/** The envelope of a kind around fields of any number and form. */
function protobuf(): fc.Arbitrary<Buffer> {
  const field = (number: number, bytes: Uint8Array): Buffer =>
    Buffer.concat([Buffer.from([number * 8 + 2, bytes.length]), bytes]);
  const text = (number: number, value: string): Buffer => field(number, Buffer.from(value));
  const metadata = name.map((called) => field(1, text(1, called.slice(0, 50))));
  const fields = fc.array(
    fc.oneof(
      metadata,
      fc
        .tuple(fc.integer({ min: 0, max: 15 }), fc.uint8Array({ maxLength: 12 }))
        .map(([number, bytes]) => field(number, bytes)),
      fc
        .tuple(fc.integer({ min: 1, max: 15 }), fc.nat({ max: 127 }))
        .map(([number, value]) => Buffer.from([number * 8, value])),
      fc.uint8Array({ maxLength: 10 }).map((bytes) => Buffer.from(bytes)),
    ),
    { maxLength: 5 },
  );
  return fc.tuple(fc.constantFrom(...KINDS), fields).map(([[group, , kind], parts]) => {
    const types = field(1, Buffer.concat([text(1, group.replace(/^apis?\//, '')), text(2, kind)]));
    const raw = Buffer.concat(parts).subarray(0, 120);
    return Buffer.concat([Buffer.from('k8s\0'), types, field(2, raw)]);
  });
}

/** A character of a header is a byte; the client itself refuses others. */
const headerText = fc.string({
  unit: fc.integer({ min: 32, max: 126 }).map((code) => String.fromCharCode(code)),
  maxLength: 20,
});

export const hostileRequest: fc.Arbitrary<HostileRequest> = fc
  .record({
    method: fc.constantFrom(...METHODS),
    path,
    query,
    body: fc.option(body),
    accept: fc.option(fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...ACCEPTS) }, headerText)),
    type: fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...CONTENT_TYPES) }, headerText),
    extra: fc.option(
      fc.tuple(
        fc.constantFrom('accept-encoding', 'user-agent', 'if-none-match', 'audit-id', 'expect'),
        headerText,
      ),
    ),
  })
  .map(({ method, path: where, query: asked, body: sent, accept, type, extra }) => ({
    method,
    path: asked === '' ? where : `${where}?${asked}`,
    headers: {
      ...(accept === null ? {} : { accept }),
      ...(sent === null ? {} : { 'content-type': type }),
      ...(extra === null || extra[0] === 'expect' ? {} : { [extra[0]]: extra[1] }),
    },
    body: sent === null || method === 'GET' || method === 'HEAD' ? undefined : sent,
  }));

/** Requests that are right but for one thing: each of these gets far. */
export const nearlyRight: fc.Arbitrary<HostileRequest> = fc.constantFrom(...KINDS).chain((kind) =>
  fc
    .record({
      value: objectOf(kind),
      method: fc.constantFrom('POST', 'POST', 'POST', 'PUT', 'PUT', 'PATCH', 'PATCH', 'PATCH', 'DELETE'),
      type: fc.constantFrom(...CONTENT_TYPES.slice(3, 7)),
      patch: fc.oneof({ weight: 4, arbitrary: jsonPatch }, noise),
      part: fc.option(fc.constantFrom('status', 'scale'), { freq: 1 }),
      query: fc.option(query, { freq: 1 }),
    })
    .map((given) => aimed(kind, given)),
);

interface Aimed {
  value: unknown;
  method: string;
  type: string;
  patch: unknown;
  part: string | null;
  query: string | null;
}

function aimed(
  [group, plural]: Kind,
  { value, method, type, patch, part, query: asked }: Aimed,
): HostileRequest {
  const at = isNamespaced(plural) ? `/${group}/namespaces/default/${plural}` : `/${group}/${plural}`;
  const called = (value as { metadata?: { name?: unknown } | null } | null)?.metadata?.name;
  const one = typeof called === 'string' && called !== '' ? encodeURIComponent(called.toWellFormed()) : 'a';
  const item = `${at}/${one}${part === null ? '' : `/${part}`}`;
  const manager = type === 'application/apply-patch+yaml' ? 'fieldManager=me&' : '';
  const isPatch = method === 'PATCH';
  return {
    method,
    path: `${method === 'POST' ? at : item}?${isPatch ? manager : ''}${asked ?? ''}`,
    headers: { 'content-type': isPatch ? type : 'application/json' },
    body:
      method === 'DELETE'
        ? undefined
        : json(isPatch && type === 'application/json-patch+json' ? patch : value),
  };
}
