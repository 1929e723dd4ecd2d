/** The schema of an answer. Every field is required, which is what services that hold a model to a schema demand. */
export function answerSchema(properties: Record<string, unknown>): Record<string, unknown> {
  return { type: 'object', additionalProperties: false, required: Object.keys(properties), properties };
}
