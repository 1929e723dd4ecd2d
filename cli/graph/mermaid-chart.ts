import { detailsOf } from './chart.ts';
import type { Box, Chart } from './chart.ts';

/** For Markdown: a flow chart of Mermaid. Only letters of ours are outside of quotes. */
export function mermaidChart({ title, boxes }: Chart): string {
  const lines = ['---', `title: ${JSON.stringify(title)}`, '---', 'flowchart TD', ...boxLines(boxes, 'n')];
  return lines.map((text) => `${text}\n`).join('');
}

function boxLines(boxes: readonly Box[], prefix: string): string[] {
  const ids = new Map(boxes.map(({ name }, index) => [name, `${prefix}${index}`]));
  const nodes = boxes.flatMap((box, index) => nodeLines(box, `${prefix}${index}`));
  const arrows = boxes.flatMap((box, index) =>
    box.arrows.flatMap(({ from, label, isBack = false }) => {
      const source = ids.get(from);
      if (source === undefined) return [];
      return [
        `  ${source} ${isBack ? '-.->' : '-->'}${label === '' ? '' : `|${quoted(label)}|`} ${prefix}${index}`,
      ];
    }),
  );
  return [...nodes, ...arrows];
}

function nodeLines(box: Box, id: string): string[] {
  const label = quoted([box.name, ...detailsOf(box)].join('\n'));
  if (box.boxes === undefined) return [`  ${id}[${label}]`];
  return [`  subgraph ${id}[${label}]`, ...boxLines(box.boxes, `${id}_`), '  end'];
}

/** Text as Mermaid reads it within quotes: every character that could mean something is an entity (mermaid.js.org, flowchart). */
function quoted(text: string): string {
  const escaped = text
    .replaceAll(/[^\p{L}\p{N} .,:()_\n-]/gu, (char) => `#${char.codePointAt(0) ?? 32};`)
    .replaceAll('\n', '<br/>');
  return `"${escaped}"`;
}
