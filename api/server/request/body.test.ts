import { Readable } from 'node:stream';
import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { StatusError } from '../../machinery/status-error.ts';
import { readObject } from './body.ts';

/** A request as far as reading its body goes. */
function incoming(body: string, headers: Record<string, string> = {}): IncomingMessage {
  return Object.assign(Readable.from([Buffer.from(body)]), { headers }) as unknown as IncomingMessage;
}

async function failure(promise: Promise<unknown>): Promise<StatusError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof StatusError) return error;
  throw new Error('it was accepted', { cause: error });
}

const TASK = { kind: 'Task', protobuf: false };
const YAML = { 'content-type': 'application/yaml' };

const readValue = async (...given: Parameters<typeof readObject>): Promise<unknown> =>
  (await readObject(...given)).value;

describe('readObject', () => {
  it.each([
    ['{"a": 1}', {}, 'JSON without a type'],
    ['{"a": 1}', { 'content-type': 'application/json; charset=utf-8' }, 'JSON with parameters'],
    ['a: 1\n', YAML, 'YAML'],
    ['{"a": 1}', YAML, 'JSON is YAML'],
  ])('%s', async (body, headers, reason) => {
    expect(await readValue(incoming(body, headers), TASK), reason).toEqual({ a: 1 });
  });

  it.each([
    ['{"key": sk-secret}', {}, "json parse error: Unexpected token 's'"],
    ['{"key": "sk-secret" x}', {}, 'json parse error: Expected'],
    ['{"key": "sk-secret', {}, 'json parse error'],
    ['a: *sk-secret', YAML, 'yaml parse error: Unresolved alias'],
    ['key: sk-secret: x', YAML, 'yaml parse error: Nested mappings'],
    ['a: 1\n---\nb: sk-secret\n', YAML, 'yaml parse error'],
    [`${'['.repeat(600)}"sk-secret"${']'.repeat(600)}`, {}, 'max depth of 500'],
  ])('refuses %s and quotes nothing of it', async (body, headers, text) => {
    const error = await failure(readObject(incoming(body, headers), TASK));
    expect([error.code, error.message]).toEqual([400, expect.stringContaining(text)]);
    expect(error.message).toContain('must be of type Task');
    expect(error.message).not.toContain('sk-secret');
  });

  it.each([
    [String.raw`"\ud83d\ude00"`, '😀', 'a pair'],
    [String.raw`"a\ud83d"`, 'a\uFFFD', 'the first half alone'],
    [String.raw`"\ude00b"`, '\uFFFDb', 'the second half alone'],
    [String.raw`"\ud83d\ud83d\ude00"`, '\uFFFD😀', 'a half before a pair'],
    [String.raw`"\uD83D\u0041"`, '\uFFFDA', 'a half before another escape'],
    [String.raw`"\\ud83d"`, String.raw`\ud83d`, 'no escape at all'],
    [String.raw`{"\ud83d": 1}`, { '\uFFFD': 1 }, 'a half in a name'],
  ])('reads half of a surrogate pair as Go does: %s', async (body, value, reason) => {
    expect(await readValue(incoming(body), TASK), reason).toEqual(value);
  });

  it.each([String.raw`a: "\ud83d"`, String.raw`"\ud83d": a`])(
    'refuses half of a surrogate pair in YAML: %s',
    async (body) => {
      const error = await failure(readObject(incoming(body, YAML), TASK));
      expect([error.code, error.message]).toEqual([
        400,
        expect.stringContaining('invalid Unicode character escape code'),
      ]);
    },
  );

  it('takes brackets in texts for what they are', async () => {
    const text = '[{"'.repeat(2000);
    const body = JSON.stringify({ text, backslash: '\\' });
    expect(await readValue(incoming(body), TASK)).toEqual({ text, backslash: '\\' });
  });

  it('finds fields that stand twice, when asked to', async () => {
    const text = '{"spec":{"a":1,"a":2}}';
    const found = await readObject(incoming(text), { ...TASK, findDuplicates: true });
    expect(found).toEqual({ value: { spec: { a: 2 } }, duplicateFields: ['spec.a'] });
    expect(await readObject(incoming(text), TASK)).toEqual({ value: { spec: { a: 2 } } });
  });

  it('looks at each character once, however many quotes nothing closes', async () => {
    const error = await failure(readObject(incoming(`{"a":"${'\\"'.repeat(1_400_000)}`), TASK));
    expect(error.message).toContain('json parse error');
  });

  it.each([
    ['{"a": 1e999}', {}, 'no finite number', 'would be stored as null'],
    ['a: .inf', YAML, 'no finite number', 'no number of JSON'],
    [`a: ${'9'.repeat(400)}`, YAML, 'no finite number', 'a double has no room for it'],
  ])('refuses %s', async (body, headers, text, reason) => {
    const error = await failure(readObject(incoming(body, headers), TASK));
    expect([error.code, error.message], reason).toEqual([400, expect.stringContaining(text)]);
  });

  it.each([
    ['{"a": 9007199254740991}', {}, 9007199254740991, 'the largest safe one'],
    ['{"a": 9007199254740993}', {}, 9007199254740993n, 'int64 is kept'],
    ['{"a": 100000000000000000000}', {}, 1e20, 'larger ones become floats'],
    ['{"a": "9007199254740993", "b": 1}', {}, '9007199254740993', 'a text'],
    ['{"a": 1.0000000000000000001}', {}, 1, 'fractions are rounded everywhere'],
    ['a: 9007199254740993', YAML, 9007199254740993n, 'YAML keeps int64'],
    ['a: 5', YAML, 5, 'small numbers are numbers'],
    ['a: 123456789012345678901', YAML, 123456789012345680000, 'YAML has floats too'],
    ['{"a": 9223372036854775807}', YAML, 9223372036854775807n, 'JSON in the name of YAML'],
  ])('takes %s', async (body, headers, value, reason) => {
    expect(await readValue(incoming(body, headers), TASK), reason).toMatchObject({ a: value });
  });

  it('refuses a short YAML body that stands for a large or a deep object', async () => {
    const large = `a: &a ${'x'.repeat(100_000)}\nb: [${Array.from({ length: 50 }, () => '*a').join(', ')}]\n`;
    expect((await failure(readObject(incoming(large, YAML), TASK))).code).toBe(413);
    const long = await failure(readObject(incoming('['.repeat(300_000), YAML), TASK));
    expect([long.code, long.message]).toEqual([413, expect.stringContaining('send JSON')]);
    const deep = await failure(readObject(incoming(`${'['.repeat(600)}${']'.repeat(600)}`, YAML), TASK));
    expect([deep.code, deep.message]).toEqual([400, expect.stringContaining('max depth')]);
  });

  it('refuses other types, other encodings and too much', async () => {
    expect((await failure(readObject(incoming('x', { 'content-type': 'text/html' }), TASK))).code).toBe(415);
    const long = incoming('x'.repeat(4_000_000));
    expect((await failure(readObject(long, TASK))).code).toBe(413);
    const announced = incoming('', { 'content-length': '99999999' });
    expect((await failure(readObject(announced, TASK))).code, 'before a byte is read').toBe(413);
    const binary = Object.assign(Readable.from([Buffer.from([0x22, 0xff, 0x22])]), { headers: {} });
    expect((await failure(readObject(binary as unknown as IncomingMessage, TASK))).message).toContain(
      'UTF-8',
    );
  });
});
