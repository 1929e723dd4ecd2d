import { Readable } from 'node:stream';
import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { StatusError } from '../machinery/status-error.ts';
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

describe('readObject', () => {
  it.each([
    ['{"a": 1}', {}, 'JSON without a type'],
    ['{"a": 1}', { 'content-type': 'application/json; charset=utf-8' }, 'JSON with parameters'],
    ['a: 1\n', YAML, 'YAML'],
    ['{"a": 1}', YAML, 'JSON is YAML'],
  ])('%s', async (body, headers, reason) => {
    expect(await readObject(incoming(body, headers), TASK), reason).toEqual({ a: 1 });
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

  it('takes brackets in texts for what they are', async () => {
    const text = '[{"'.repeat(2000);
    const body = JSON.stringify({ text, backslash: '\\' });
    expect(await readObject(incoming(body), TASK)).toEqual({ text, backslash: '\\' });
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
