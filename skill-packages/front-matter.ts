/** The two parts of a SKILL.md. */
export interface SplitFile {
  /** YAML, without its fences. */
  frontMatter: string;
  /** The instructions, in Markdown. */
  body: string;
}

/** Splits a SKILL.md at the fences of its front matter; undefined when it does not begin with one. */
export function splitFrontMatter(text: string): SplitFile | undefined {
  const lines = text.replace(/^\ufeff/, '').split(/\r?\n/);
  if (lines[0]?.trimEnd() !== '---') return undefined;
  const end = lines.findIndex((line, index) => index > 0 && line.trimEnd() === '---');
  if (end === -1) return undefined;
  return {
    frontMatter: lines.slice(1, end).join('\n'),
    body: lines
      .slice(end + 1)
      .join('\n')
      .trim(),
  };
}
