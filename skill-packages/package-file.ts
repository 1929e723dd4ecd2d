/** One file of a skill's package. */
export interface PackageFile {
  /** Relative to the skill's folder, with `/`. */
  path: string;
  content: Buffer;
  executable: boolean;
}

/** The file that makes a folder a skill (https://agentskills.io/specification). */
export const SKILL_FILE = 'SKILL.md';
