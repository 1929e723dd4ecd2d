import type { ModelFailure } from '../failure.ts';
import type { CompletionRequest } from './request.ts';

/**
 * The same request in the way in which a service would take it that refused this one, or undefined when its words
 * give no hint: newer models of OpenAI want max_completion_tokens for max_tokens, and some compatible services
 * know no stream_options. Ends, since each change can be made once.
 */
export function acceptedRequest(
  request: CompletionRequest,
  failure: ModelFailure,
): CompletionRequest | undefined {
  if (failure.kind !== 'invalid') return undefined;
  const { max_tokens, stream_options, ...others } = request;
  if (max_tokens !== undefined && isUnknown('max_tokens', failure)) {
    return { ...others, ...(stream_options && { stream_options }), max_completion_tokens: max_tokens };
  }
  if (stream_options !== undefined && isNamed('stream_options', failure)) {
    return { ...others, ...(max_tokens === undefined ? {} : { max_tokens }) };
  }
  return undefined;
}

function isNamed(parameter: string, { parameter: named, message = '' }: ModelFailure): boolean {
  return named === parameter || message.includes(parameter);
}

/** Not merely too large: a service that knows the field and dislikes its value would dislike it by any name. */
function isUnknown(parameter: string, failure: ModelFailure): boolean {
  const { message = '' } = failure;
  if (message.includes('max_completion_tokens')) return true;
  return (
    isNamed(parameter, failure) &&
    /not supported|unsupported|unknown|unrecognized|not permitted/i.test(message)
  );
}
