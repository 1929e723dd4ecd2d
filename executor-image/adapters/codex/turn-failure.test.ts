import { expect, it } from 'vitest';
import { turnFailure } from './turn-failure.ts';

it.each([
  {
    message: 'unexpected status 401 Unauthorized: bad key, url: http://127.0.0.1:8090/v1/responses',
    info: { httpConnectionFailed: { httpStatusCode: 401 } },
    reason: 'ModelError',
    says: 'the model failed: unexpected status 401 Unauthorized: bad key',
  },
  {
    message: 'Selected model is at capacity.',
    info: 'serverOverloaded',
    reason: 'ModelError',
    says: 'the model failed: Selected model is at capacity.',
  },
  {
    message: 'Incomplete response returned, reason: max_output_tokens',
    info: 'other',
    reason: 'AnswerCut',
    says: "the model's answer is not complete: it reached a limit of tokens",
  },
  {
    message: 'stream disconnected before completion: Incomplete response returned, reason: content_filter',
    info: 'other',
    reason: 'ModelRefused',
    says: "the service's content policy ended the model's answer",
  },
  { message: 'no', info: 'cyberPolicy', reason: 'ModelRefused', says: 'the model failed: no' },
  { message: 'no', info: 'sandboxError', reason: 'AgentFailed', says: 'the model failed: no' },
  { message: 'no', info: null, reason: 'ModelError', says: 'the model failed: no' },
])('$message: $reason', ({ message, info, reason, says }) => {
  const failure = turnFailure({ message, codexErrorInfo: info, additionalDetails: null });
  expect(failure).toMatchObject({ reason, message: says });
});
