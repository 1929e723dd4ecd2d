import type { Skill } from '#api/types/generated/skill';
import type { ConfigMap } from '#api/types/resources';
import { SKILL_FILE } from '#skill-packages/package-file';
import type { PackageFile } from '#skill-packages/package-file';

/** The files of a Skill that are themselves in objects. */
export type OwnFiles = { files: PackageFile[] } | { missing: string };

/** The keys of a ConfigMap as files; `missing` is a sentence that names what is not there. Pure. */
export function configMapFiles(skill: Skill, configMap: ConfigMap | undefined): OwnFiles {
  const source = skill.spec.source?.configMap;
  if (source === undefined) return { missing: 'spec.source.configMap: required.' };
  const shown = `ConfigMap "${skill.metadata.namespace ?? ''}/${source.name}"`;
  if (configMap === undefined) return { missing: `spec.source.configMap: ${shown} not found.` };
  const contents = contentsOf(configMap);
  const items = source.items ?? [...contents.keys()].map((key) => ({ key, path: key }));
  const files: PackageFile[] = [];
  for (const { key, path, executable = false } of items as Item[]) {
    const content = contents.get(key);
    if (content === undefined) {
      return { missing: `spec.source.configMap.items: ${shown} has no key "${key}".` };
    }
    files.push({ path, content, executable });
  }
  return { files };
}

interface Item {
  key: string;
  path: string;
  executable?: boolean;
}

function contentsOf({ data = {}, binaryData = {} }: ConfigMap): Map<string, Buffer> {
  const texts = Object.entries(data).map(([key, text]) => [key, Buffer.from(text)] as const);
  const bytes = Object.entries(binaryData).map(([key, text]) => [key, Buffer.from(text, 'base64')] as const);
  return new Map([...texts, ...bytes]);
}

/** The one file of a Skill that is nothing but a prompt. Pure. */
export function promptFiles({ metadata, spec }: Skill, prompt: string): PackageFile[] {
  // JSON is YAML, and has no way to end a text by what is in it.
  const frontMatter = [
    `name: ${JSON.stringify(metadata.name)}`,
    `description: ${JSON.stringify(spec.description)}`,
  ];
  const text = ['---', ...frontMatter, '---', '', prompt, ''].join('\n');
  return [{ path: SKILL_FILE, content: Buffer.from(text), executable: false }];
}
