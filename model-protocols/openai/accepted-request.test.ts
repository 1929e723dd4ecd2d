import { expect, it } from 'vitest';
import type { ModelFailure } from '../failure.ts';
import { acceptedRequest } from './accepted-request.ts';
import type { CompletionRequest } from './request.ts';

const base: CompletionRequest = { model: 'm', stream: true, messages: [] };
const options = { stream_options: { include_usage: true } };
const invalid = (message: string, parameter?: string): ModelFailure => ({
  kind: 'invalid',
  message,
  ...(parameter === undefined ? {} : { parameter }),
});

it.each<[string, CompletionRequest, ModelFailure, CompletionRequest | undefined]>([
  [
    'newer models of OpenAI',
    { ...base, ...options, max_tokens: 5 },
    invalid(
      "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
      'max_tokens',
    ),
    { ...base, ...options, max_completion_tokens: 5 },
  ],
  [
    'a limit that is too high, by whatever name',
    { ...base, max_tokens: 5 },
    invalid('max_tokens is too large: 5', 'max_tokens'),
    undefined,
  ],
  [
    'a service that knows no stream_options, by its parameter',
    { ...base, ...options, max_tokens: 5 },
    invalid('Unknown parameter', 'stream_options'),
    { ...base, max_tokens: 5 },
  ],
  [
    'the same in its words',
    { ...base, ...options },
    invalid('body.stream_options: Extra inputs are not permitted'),
    base,
  ],
  ['what was taken out already', base, invalid('stream_options, max_completion_tokens'), undefined],
  ['another fault of the request', { ...base, ...options, max_tokens: 5 }, invalid('no messages'), undefined],
  ['another failure', { ...base, ...options }, { kind: 'failed', message: 'stream_options' }, undefined],
  ['no words', { ...base, ...options }, { kind: 'invalid' }, undefined],
])('%s', (_, request, failure, want) => expect(acceptedRequest(request, failure)).toEqual(want));
