import type { ProbeRequest } from '#executor-manager/protocol/probe';

/** Checks what another process sent. Throws an Error that names the field. */
export function readProbeRequest(value: unknown): ProbeRequest {
  const body = record(value, 'the body');
  const { timeoutSeconds, image, mcpServer, skill } = body;
  if (typeof timeoutSeconds !== 'number' || !(timeoutSeconds > 0)) {
    throw new Error('timeoutSeconds must be a number above 0');
  }
  if ([image, mcpServer, skill].filter((one) => one !== undefined).length !== 1) {
    throw new Error('exactly one of image, mcpServer and skill is needed');
  }
  if (mcpServer !== undefined) record(mcpServer, 'mcpServer');
  if (image !== undefined) texts(record(image, 'image'), 'image');
  if (skill !== undefined) checkSkill(record(skill, 'skill'));
  return body as unknown as ProbeRequest;
}

function checkSkill({ repository, ...rest }: Record<string, unknown>): void {
  texts(rest, 'skill');
  if (typeof record(repository, 'skill.repository')['gitUrl'] !== 'string') {
    throw new Error('skill.repository.gitUrl must be a text');
  }
}

function texts(fields: Record<string, unknown>, at: string): void {
  for (const [field, text] of Object.entries(fields)) {
    if (typeof text !== 'string') throw new Error(`${at}.${field} must be a text`);
  }
}

function record(value: unknown, field: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new Error(`${field} must be an object`);
}
