import type { ProbeRequest, ProbeResult } from '#executor-manager/protocol/probe';
import { describeError } from '../run-failure.ts';
import { probeImage } from './image.ts';
import { probeMcpServer } from './mcp.ts';
import { probeSkill } from './skill.ts';
import type { ProbeContext } from './probe-context.ts';

type ProbePlace = Omit<ProbeContext, 'signal'>;

/** Never rejects: what cannot be checked is not as it has to be. */
export async function probe(request: ProbeRequest, place: ProbePlace): Promise<ProbeResult> {
  const { image, mcpServer, skill, timeoutSeconds } = request;
  const context = { ...place, signal: AbortSignal.timeout(timeoutSeconds * 1000) };
  try {
    if (image !== undefined) return await probeImage(image, context);
    if (mcpServer !== undefined) return await probeMcpServer(mcpServer, context);
    if (skill !== undefined) return await probeSkill(skill, context);
    throw new Error('there is nothing to check');
  } catch (error) {
    const late = context.signal.aborted ? `no answer within ${timeoutSeconds} s` : undefined;
    return { ok: false, message: `The check failed: ${late ?? describeError(error)}.`, checks: [] };
  }
}
