import type { SkillPackage } from './skill-package.ts';

/** The facts of a package that objects tell of. */
export interface PackageFacts {
  contentHash: string;
  /** In the metadata of SKILL.md. */
  version?: string;
  description: string;
  files: number;
  fileSize: number;
}

export function packageFacts({ contentHash, skill, files, zip }: SkillPackage): PackageFacts {
  const version = skill.metadata['version'];
  return {
    contentHash,
    ...(version === undefined ? {} : { version }),
    description: skill.description,
    files: files.length,
    fileSize: zip.length,
  };
}

/** Spec of the SkillPackage object that holds a package. */
export interface PackageSpec extends Omit<PackageFacts, 'contentHash'> {
  skillName: string;
  /** Base64. */
  zip: string;
}

export function packageSpec(made: SkillPackage): PackageSpec {
  const { contentHash: _, ...facts } = packageFacts(made);
  return { skillName: made.skill.name, ...facts, zip: made.zip.toString('base64') };
}
