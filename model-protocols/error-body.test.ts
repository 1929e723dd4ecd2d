import { describe, expect, it } from 'vitest';
import { anthropic } from './anthropic/anthropic.ts';
import { readErrorBody, readErrorValue } from './error-body.ts';
import { isRetryable, kindOfStatus } from './failure.ts';
import type { FailureKind, ModelFailure } from './failure.ts';
import { openaiResponses } from './openai-responses/openai-responses.ts';
import { openai } from './openai/openai.ts';

describe('readErrorBody', () => {
  it.each<[string, number, unknown, ModelFailure]>([
    [
      'Anthropic: a wrong key',
      401,
      { type: 'error', error: { type: 'authentication_error', message: 'invalid x-api-key' } },
      { kind: 'auth', message: 'invalid x-api-key' },
    ],
    [
      'Anthropic: too long, said in words only',
      400,
      { error: { type: 'invalid_request_error', message: 'prompt is too long: 9 tokens > 8 maximum' } },
      { kind: 'tooLong', message: 'prompt is too long: 9 tokens > 8 maximum' },
    ],
    [
      'OpenAI: too long',
      400,
      { error: { message: 'm', type: 'invalid_request_error', code: 'context_length_exceeded' } },
      { kind: 'tooLong', message: 'm' },
    ],
    [
      'OpenAI: out of credit, which waiting does not change',
      429,
      { error: { message: 'm', type: 'insufficient_quota', code: 'insufficient_quota' } },
      { kind: 'quota', message: 'm' },
    ],
    [
      'OpenAI: a field it does not take',
      400,
      { error: { message: 'm', type: 'invalid_request_error', param: 'max_tokens', code: null } },
      { kind: 'invalid', message: 'm', parameter: 'max_tokens' },
    ],
    [
      'OpenAI: the general type with a status that says more',
      404,
      { error: { message: 'm', type: 'invalid_request_error' } },
      { kind: 'notFound', message: 'm' },
    ],
    [
      'Azure: its filter',
      400,
      { error: { message: 'm', code: 'content_filter' } },
      { kind: 'refused', message: 'm' },
    ],
    [
      'OpenRouter: a number as code',
      402,
      { error: { message: 'm', code: 402 } },
      { kind: 'quota', message: 'm' },
    ],
    ['an error that is a text', 500, { error: 'm' }, { kind: 'failed', message: 'm' }],
    ['no error around it, as vLLM', 400, { message: 'm', code: 400 }, { kind: 'invalid', message: 'm' }],
    ['a list around it, as Google', 400, [{ error: { message: 'm' } }], { kind: 'invalid', message: 'm' }],
    ['FastAPI: words', 404, { detail: 'Not Found' }, { kind: 'notFound', message: 'Not Found' }],
    [
      'FastAPI: findings',
      422,
      { detail: [{ loc: ['body', 'stream_options'], msg: 'Extra inputs are not permitted' }] },
      { kind: 'invalid', message: 'body.stream_options: Extra inputs are not permitted' },
    ],
    ['a page of a proxy', 502, '<h1>Bad gateway</h1>\n', { kind: 'failed', message: '<h1>Bad gateway</h1>' }],
    ['a long page', 503, 'x'.repeat(9000), { kind: 'overloaded', message: 'x'.repeat(500) }],
    ['nothing', 429, '', { kind: 'rateLimited' }],
    ['null', 408, null, { kind: 'timeout' }],
    ['a message that is empty', 400, { error: { message: '' } }, { kind: 'invalid' }],
    ['deep nonsense', 400, '['.repeat(9000) + ']'.repeat(9000), { kind: 'invalid' }],
  ])('%s (%i)', (_, status, body, want) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    expect(readErrorBody(status, text)).toEqual(want);
  });
});

const KINDS: Record<FailureKind, { retryable: boolean; status: number }> = {
  auth: { retryable: false, status: 401 },
  notFound: { retryable: false, status: 404 },
  invalid: { retryable: false, status: 422 },
  tooLong: { retryable: false, status: 413 },
  refused: { retryable: false, status: 400 },
  quota: { retryable: false, status: 402 },
  rateLimited: { retryable: true, status: 429 },
  timeout: { retryable: true, status: 408 },
  overloaded: { retryable: true, status: 529 },
  malformed: { retryable: true, status: 500 },
  failed: { retryable: true, status: 500 },
};
const kinds = Object.keys(KINDS) as FailureKind[];
/** A failure that has no word of its own on the wire is read as its nearest relative. */
const UNSAID: Partial<Record<string, FailureKind>> = {
  'anthropic refused': 'invalid',
  'anthropic malformed': 'failed',
  'openai malformed': 'failed',
  'openai-responses malformed': 'failed',
};

describe.each(kinds)('a failure of kind %s', (kind) => {
  const { retryable, status } = KINDS[kind];

  it(`is ${retryable ? '' : 'not '}worth another try`, () => expect(isRetryable(kind)).toBe(retryable));

  it.each([anthropic, openai, openaiResponses])(
    'within a stream of $name is read as it was written',
    (protocol) => {
      const [event] = protocol.createWriter().write({ type: 'failure', failure: { kind, message: 'm' } });
      const want = UNSAID[`${protocol.name} ${kind}`] ?? kind;
      expect(protocol.createReader().read(event?.data ?? '')).toContainEqual({
        type: 'failure',
        failure: { kind: want, message: 'm' },
      });
    },
  );

  it.each([anthropic, openai, openaiResponses])(
    'in the body of an answer of $name is read as its status says',
    (protocol) => {
      const body = JSON.stringify(protocol.errorBody({ status, message: 'm' }));
      expect(readErrorBody(status, body)).toEqual({ kind: kindOfStatus(status), message: 'm' });
    },
  );
});

it('the type of an error body can be given', () => {
  const error = { status: 400, message: 'm', type: 'insufficient_quota' };
  for (const protocol of [anthropic, openai, openaiResponses]) {
    expect(readErrorBody(400, JSON.stringify(protocol.errorBody(error))).kind).toBe('quota');
  }
});

it.each([
  [{ message: 'm', type: 'invalid_request_error' }, 'invalid'],
  [{ message: 'm', code: '503' }, 'overloaded'],
  [{ message: 'm', code: 'weather' }, 'failed'],
  ['m', 'failed'],
])('an error beside an answer: %j is %s', (value, kind) => {
  expect(readErrorValue(value)).toEqual({ kind, message: 'm' });
});
