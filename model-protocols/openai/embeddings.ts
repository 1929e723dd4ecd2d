import { InvalidRequestError } from '../invalid-request.ts';
import type { JsonObject } from '../json-value.ts';

/** https://platform.openai.com/docs/api-reference/embeddings */
export interface EmbeddingsRequestView {
  model: string;
  /** One for each vector that is asked for; tokens that a client made of a text itself stand as their numbers. */
  inputs: string[];
  /** Undefined where the model's own number of them is asked for. */
  dimensions?: number;
  /** Whether vectors are asked for as base64 of 32-bit numbers, the lowest byte first. */
  isBase64: boolean;
}

/** Throws InvalidRequestError, in the service's words. */
export function readEmbeddingsRequest(body: JsonObject): EmbeddingsRequestView {
  const { model, input, dimensions, encoding_format: format } = body;
  const inputs = readInputs(input);
  if (dimensions !== undefined && !isCount(dimensions)) {
    throw new InvalidRequestError("Invalid value for 'dimensions': must be a whole number of 1 to 4096.");
  }
  return {
    model: typeof model === 'string' ? model : '',
    inputs,
    ...(dimensions === undefined ? {} : { dimensions }),
    isBase64: format === 'base64',
  };
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 4096;
}

function readInputs(input: unknown): string[] {
  const list = Array.isArray(input) && typeof input[0] !== 'number' ? input : [input];
  const texts = list.flatMap((item: unknown) => {
    if (typeof item === 'string') return [item];
    const isTokens = Array.isArray(item) && item.every((token) => typeof token === 'number');
    return isTokens ? [item.join(' ')] : [];
  });
  if (texts.length === 0 || texts.length !== list.length || texts.includes('')) {
    throw new InvalidRequestError("Invalid 'input': must be a text that is not empty, or a list of such.");
  }
  return texts;
}

export interface WrittenEmbeddings {
  model: string;
  vectors: readonly Float32Array[];
  isBase64: boolean;
  inputTokens: number;
}

/** The body of an answer. */
export function writeEmbeddings({ model, vectors, isBase64, inputTokens }: WrittenEmbeddings): unknown {
  return {
    object: 'list',
    data: vectors.map((vector, index) => ({
      object: 'embedding',
      index,
      embedding: isBase64 ? base64Of(vector) : [...vector],
    })),
    model,
    usage: { prompt_tokens: inputTokens, total_tokens: inputTokens },
  };
}

function base64Of(vector: Float32Array): string {
  const bytes = Buffer.alloc(vector.length * 4);
  for (const [index, value] of vector.entries()) bytes.writeFloatLE(value, index * 4);
  return bytes.toString('base64');
}
