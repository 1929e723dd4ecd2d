import type { Client } from '#api/client/client';
import { objectKey } from '#api/machinery/meta';
import type { KubeObject } from '#api/machinery/meta';
import type { Skill, SkillUpload } from '#api/types/generated/skill';
import { SKILL_PACKAGES } from '#api/types/resources';
import type { ConfigMap } from '#api/types/resources';
import { skillNotReady, skillPackageName, SkillReason, UNUSED_SINCE } from '#api/types/skills/skill';
import { InvalidPackage } from '#skill-packages/invalid-package';
import type { PackageFile } from '#skill-packages/package-file';
import { packageFacts, packageSpec } from '#skill-packages/package-spec';
import { checkName, packFiles } from '#skill-packages/skill-package';
import type { SkillPackage } from '#skill-packages/skill-package';
import { createOnce } from '../runtime/owned-objects.ts';
import { configMapFiles, promptFiles } from './own-files.ts';
import type { FoundContent } from './plan.ts';

export type ContentClient = Pick<Client, 'create' | 'find' | 'patch'>;

/** The objects that the content of Skills is made of, as the caches know them. */
export interface ContentSources {
  configMaps: { get(key: string): ConfigMap | undefined };
  /** Metadata only. */
  packages: { get(key: string): KubeObject | undefined };
}

/** Finds the package of a Skill, or makes it where its files are in objects; it is there afterwards. */
export async function findContent(
  client: ContentClient,
  skill: Skill,
  sources: ContentSources,
): Promise<FoundContent> {
  const { source, prompt } = skill.spec;
  if (source?.type === 'configMap') {
    const key = objectKey({ namespace: skill.metadata.namespace, name: source.configMap?.name ?? '' });
    const own = configMapFiles(skill, sources.configMaps.get(key));
    if ('missing' in own) return { problem: skillNotReady(SkillReason.ConfigMapNotFound, own.missing) };
    return packed(client, skill, { files: own.files, sources, from: 'spec.source.configMap' });
  }
  const { upload } = skill.status ?? {};
  if (upload !== undefined) return uploaded(client, skill, { ...sources, upload });
  if (prompt !== undefined && prompt.trim() !== '') {
    return packed(client, skill, { files: promptFiles(skill, prompt), sources, from: 'spec.prompt' });
  }
  const push = `put one with "troupe skill push FOLDER --namespace ${skill.metadata.namespace ?? ''}"`;
  return { problem: skillNotReady(SkillReason.NoPackage, `There is no package yet: ${push}.`) };
}

async function uploaded(
  client: ContentClient,
  skill: Skill,
  { upload, packages }: { upload: SkillUpload } & Pick<ContentSources, 'packages'>,
): Promise<FoundContent> {
  const { contentHash } = upload;
  if (await isKept(client, skill, { contentHash, packages })) return upload;
  const message = `The package ${contentHash} is no longer there: put it once more.`;
  return { problem: skillNotReady(SkillReason.PackageNotFound, message) };
}

/** Whether the Skill has a SkillPackage with this content; the cache may lag behind. */
export async function isKept(
  client: ContentClient,
  skill: Skill,
  { contentHash, packages }: { contentHash: string } & Pick<ContentSources, 'packages'>,
): Promise<boolean> {
  const place = placeOfPackage(skill, contentHash);
  if (packages.get(objectKey(place)) !== undefined) return true;
  return (await client.find(SKILL_PACKAGES, place)) !== undefined;
}

const placeOfPackage = ({ metadata }: Skill, contentHash: string): { namespace: string; name: string } => ({
  namespace: metadata.namespace ?? '',
  name: skillPackageName(contentHash),
});

interface Packing {
  files: readonly PackageFile[];
  sources: ContentSources;
  /** The field they come from. */
  from: string;
}

async function packed(
  client: ContentClient,
  skill: Skill,
  { files, sources, from }: Packing,
): Promise<FoundContent> {
  let made: SkillPackage;
  try {
    made = await packFiles(files);
    checkName(made, skill.metadata.name);
  } catch (error) {
    if (!(error instanceof InvalidPackage)) throw error;
    return { problem: skillNotReady(SkillReason.InvalidPackage, `${from}: ${error.message}.`) };
  }
  await ensurePackage(client, skill, { made, sources });
  return packageFacts(made);
}

/** Makes the object, or takes the mark off one that may be about to be collected. */
async function ensurePackage(
  client: ContentClient,
  skill: Skill,
  { made, sources }: { made: SkillPackage; sources: ContentSources },
): Promise<void> {
  const place = placeOfPackage(skill, made.contentHash);
  const known = sources.packages.get(objectKey(place));
  if (known !== undefined && known.metadata.annotations?.[UNUSED_SINCE] === undefined) return;
  if (known !== undefined) {
    const body = { metadata: { annotations: { [UNUSED_SINCE]: null } } };
    await client.patch(SKILL_PACKAGES, place, { type: 'merge', body });
    return;
  }
  await createOnce(client, SKILL_PACKAGES, {
    apiVersion: 'agent.wecode.io/v1alpha1',
    kind: 'SkillPackage',
    metadata: place,
    spec: packageSpec(made),
  });
}
