import type { ProbeRequest, ProbeResult } from '#executor-manager/protocol/probe';
import { InvalidPackage } from '#skill-packages/invalid-package';
import { packFiles } from '#skill-packages/skill-package';
import { RunFailure } from '../run-failure.ts';
import type { ProbeContext } from './probe-context.ts';

/** Fetches a skill from its repository, and packs it. Throws an Error that says why that is not possible. */
export async function probeSkill(
  skill: NonNullable<ProbeRequest['skill']>,
  { workspace, environment, signal }: ProbeContext,
): Promise<ProbeResult> {
  const { fetchGitSkill } = await import('../skills/git-skill.ts');
  try {
    const { commit, files } = await fetchGitSkill({ skill, folder: workspace, environment, signal });
    const { zip } = await packFiles(files);
    const message = `Commit ${commit} has the skill in ${files.length} files.`;
    return { ok: true, message, checks: [], skill: { commit, zip: zip.toString('base64') } };
  } catch (error) {
    if (!(error instanceof RunFailure || error instanceof InvalidPackage)) throw error;
    return { ok: false, message: sentence(error.message), checks: [] };
  }
}

const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);
