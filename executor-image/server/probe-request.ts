import type { ProbeRequest } from '#executor-manager/protocol/probe';

/** Checks what another process sent. Throws an Error that names the field. */
export function readProbeRequest(value: unknown): ProbeRequest {
  const body = record(value, 'the body');
  const { timeoutSeconds, image, mcpServer } = body;
  if (typeof timeoutSeconds !== 'number' || !(timeoutSeconds > 0)) {
    throw new Error('timeoutSeconds must be a number above 0');
  }
  if ((image === undefined) === (mcpServer === undefined)) {
    throw new Error('exactly one of image and mcpServer is needed');
  }
  if (mcpServer !== undefined) record(mcpServer, 'mcpServer');
  if (image !== undefined) {
    for (const [field, text] of Object.entries(record(image, 'image'))) {
      if (typeof text !== 'string') throw new Error(`image.${field} must be a text`);
    }
  }
  return body as unknown as ProbeRequest;
}

function record(value: unknown, field: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new Error(`${field} must be an object`);
}
