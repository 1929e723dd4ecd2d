import type { Client } from '#api/client/client';
import { isStatusError } from '#api/machinery/status-error';
import type { Sandbox } from '#api/types/generated/sandbox';
import { SKILL_PACKAGES } from '#api/types/resources';
import { skillPackageName } from '#api/types/skills/skill';
import { InvalidPackage } from '#skill-packages/invalid-package';
import { PACKAGE_LIMITS } from '#skill-packages/package-limits';
import { packageFacts, packageSpec } from '#skill-packages/package-spec';
import { checkName, normalizePackage } from '#skill-packages/skill-package';
import type { SkillPackage } from '#skill-packages/skill-package';
import type { ProbeRequest } from '../protocol/probe.ts';
import { readGitSecret } from '../run/git-credential.ts';
import type { Place, Reader } from '../run/references.ts';
import type { ProbeStatus } from './probe-result.ts';

/** A skill in a repository, as a Sandbox names it. */
type SkillProbe = NonNullable<NonNullable<Sandbox['spec']['probe']>['skill']>;

/** The request to the runner, with the credential. @throws StatusError NotFound that names what is missing */
export async function skillRequest(
  client: Reader,
  namespace: string,
  { gitUrl, ref, path, secretName }: SkillProbe,
): Promise<NonNullable<ProbeRequest['skill']>> {
  const credential =
    secretName === undefined ? {} : await readGitSecret(client, { namespace, name: secretName }, gitUrl);
  return {
    repository: { gitUrl, ...credential },
    ...(ref === undefined ? {} : { ref }),
    ...(path === undefined ? {} : { path }),
  };
}

/**
 * Makes the SkillPackage of what a runner has fetched, and says in the answer which one. The runner is not trusted: its
 * package is judged as one that a user puts. `place` is that of the Skill.
 */
export async function keepFetchedSkill(
  client: Pick<Client, 'create'>,
  { namespace, name }: Place,
  { given, answer }: { given: unknown; answer: ProbeStatus },
): Promise<ProbeStatus> {
  try {
    const { commit, zip } = fetched(given);
    const made = await normalizePackage(zip);
    checkName(made, name);
    await keepPackage(client, namespace, made);
    return { ...answer, skill: { commit, ...packageFacts(made) } };
  } catch (error) {
    if (!(error instanceof InvalidPackage)) throw error;
    return { ok: false, message: `${error.message}.`, checks: answer.checks ?? [] };
  }
}

/** The commit and package that the runner says it has fetched. @throws InvalidPackage */
function fetched(given: unknown): { commit: string; zip: Buffer } {
  const { skill } = given as { skill?: { commit?: unknown; zip?: unknown } | null };
  const { commit, zip } = skill ?? {};
  if (typeof commit !== 'string' || !/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(commit)) {
    throw new InvalidPackage('the runner named no commit');
  }
  // In base64, four characters are three bytes.
  if (typeof zip !== 'string' || zip.length > Math.ceil(PACKAGE_LIMITS.zipBytes / 3) * 4) {
    throw new InvalidPackage('the runner gave no package, or one that is too large');
  }
  return { commit, zip: Buffer.from(zip, 'base64') };
}

async function keepPackage(
  client: Pick<Client, 'create'>,
  namespace: string,
  made: SkillPackage,
): Promise<void> {
  try {
    await client.create(SKILL_PACKAGES, {
      apiVersion: 'agent.wecode.io/v1alpha1',
      kind: 'SkillPackage',
      metadata: { namespace, name: skillPackageName(made.contentHash) },
      spec: packageSpec(made),
    });
  } catch (error) {
    if (!isStatusError(error, 'AlreadyExists')) throw error;
  }
}
