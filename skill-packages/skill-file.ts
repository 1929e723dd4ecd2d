import { parse } from 'yaml';
import { splitFrontMatter } from './front-matter.ts';
import { InvalidPackage } from './invalid-package.ts';
import { SKILL_FILE } from './package-file.ts';
import { PACKAGE_LIMITS } from './package-limits.ts';
import { isSkillName, MAX_SKILL_NAME } from './skill-name.ts';

/** The front matter of a SKILL.md, checked (https://agentskills.io/specification). */
export interface SkillFile {
  name: string;
  description: string;
  license?: string;
  compatibility?: string;
  metadata: Record<string, string>;
  /** The instructions, in Markdown. */
  body: string;
}

const MAX_DESCRIPTION = 1024;
const MAX_COMPATIBILITY = 500;
/** The parser takes far more memory than its text. */
const MAX_FRONT_MATTER = 16 * 1024;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Reads a SKILL.md. @throws InvalidPackage that names the field and what was expected */
export function parseSkillFile(content: Uint8Array): SkillFile {
  if (content.length > PACKAGE_LIMITS.skillFileBytes) {
    throw new InvalidPackage(`${SKILL_FILE} has more than ${PACKAGE_LIMITS.skillFileBytes} bytes`);
  }
  const split = splitFrontMatter(textOf(content));
  if (split === undefined) {
    throw new InvalidPackage(`${SKILL_FILE} must begin with front matter between two lines of "---"`);
  }
  const fields = parseFrontMatter(split.frontMatter);
  const name = required(fields, 'name', MAX_SKILL_NAME);
  if (!isSkillName(name)) {
    throw invalidField('name', 'must consist of a-z, 0-9 and single hyphens between them');
  }
  return {
    name,
    description: required(fields, 'description', MAX_DESCRIPTION),
    ...optional(fields, 'license', MAX_DESCRIPTION),
    ...optional(fields, 'compatibility', MAX_COMPATIBILITY),
    metadata: metadataOf(fields['metadata']),
    body: split.body,
  };
}

function textOf(content: Uint8Array): string {
  try {
    return utf8.decode(content);
  } catch (error) {
    throw new InvalidPackage(`${SKILL_FILE} is no UTF-8`, { cause: error });
  }
}

function parseFrontMatter(text: string): Record<string, unknown> {
  if (text.length > MAX_FRONT_MATTER) {
    throw new InvalidPackage(
      `the front matter of ${SKILL_FILE} has more than ${MAX_FRONT_MATTER} characters`,
    );
  }
  let value: unknown;
  try {
    // `failsafe` would leave out lists of tools; `core` makes no dates or other surprises.
    value = parse(text, { schema: 'core', maxAliasCount: 0, logLevel: 'error', prettyErrors: false });
  } catch (error) {
    throw new InvalidPackage(`the front matter of ${SKILL_FILE} is no YAML: ${(error as Error).message}`, {
      cause: error,
    });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new InvalidPackage(`the front matter of ${SKILL_FILE} must have the fields name and description`);
}

function required(fields: Record<string, unknown>, field: string, most: number): string {
  const value = fields[field];
  if (typeof value !== 'string' || value.trim() === '') throw invalidField(field, 'must be a text');
  if (value.length > most) throw invalidField(field, `has at most ${most} characters`);
  return value.trim();
}

function optional<K extends string>(
  fields: Record<string, unknown>,
  field: K,
  most: number,
): Partial<Record<K, string>> {
  if (fields[field] === undefined || fields[field] === null) return {};
  return { [field]: required(fields, field, most) } as Partial<Record<K, string>>;
}

/** Keys and values are texts; numbers and truth values are what YAML makes of `version: 1.0`. */
function metadataOf(value: unknown): Record<string, string> {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw invalidField('metadata', 'must be a map of texts');
  }
  const simple = Object.entries(value).filter(([, item]) =>
    ['string', 'number', 'boolean'].includes(typeof item),
  );
  return Object.fromEntries(simple.map(([key, item]) => [key, String(item)]));
}

const invalidField = (field: string, expected: string): InvalidPackage =>
  new InvalidPackage(`${SKILL_FILE}: ${field} ${expected}`);
