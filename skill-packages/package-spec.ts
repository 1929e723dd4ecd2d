import type { SkillPackage } from './skill-package.ts';

/** Spec of the SkillPackage object that holds a package. */
export interface PackageSpec {
  skillName: string;
  description: string;
  version?: string;
  files: number;
  fileSize: number;
  /** Base64. */
  zip: string;
}

export function packageSpec({ skill, files, zip }: SkillPackage): PackageSpec {
  const version = skill.metadata['version'];
  return {
    skillName: skill.name,
    description: skill.description,
    ...(version === undefined ? {} : { version }),
    files: files.length,
    fileSize: zip.length,
    zip: zip.toString('base64'),
  };
}
