import type { JsonObject } from '#model-protocols/json-value';
import { readEmbeddingsRequest, writeEmbeddings } from '#model-protocols/openai/embeddings';
import { estimateTokens } from './conversation.ts';

const USUAL_DIMENSIONS = 256;

/** The body of the answer to a request for embeddings. Throws InvalidRequestError. */
export function embeddingsOf(body: JsonObject): unknown {
  const { model, inputs, dimensions = USUAL_DIMENSIONS, isBase64 } = readEmbeddingsRequest(body);
  const vectors = inputs.map((text) => embed(text, dimensions));
  return writeEmbeddings({ model, vectors, isBase64, inputTokens: estimateTokens(body['input']) });
}

/**
 * A vector of length 1, the same for the same text. Words are hashed into its dimensions, so texts that share words
 * are near each other, as with real models: a search in them finds what it should.
 */
export function embed(text: string, dimensions: number): Float32Array {
  const vector = new Float32Array(dimensions);
  for (const word of text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [text]) {
    const hash = fnv1a(word);
    const at = hash % dimensions;
    vector[at] = (vector[at] ?? 0) + (hash & 0x8000_0000 ? -1 : 1);
  }
  // Two words may cancel each other out; no vector is empty.
  const length = Math.hypot(...vector);
  if (length === 0) vector[0] = 1;
  return length === 0 ? vector : vector.map((value) => value / length);
}

/** http://www.isthe.com/chongo/tech/comp/fnv, of 32 bits. */
function fnv1a(word: string): number {
  let hash = 0x81_1c_9d_c5;
  for (const byte of Buffer.from(word)) hash = Math.imul(hash ^ byte, 0x01_00_01_93) >>> 0;
  return hash;
}
