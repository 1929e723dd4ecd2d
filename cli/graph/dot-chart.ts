import { detailsOf } from './chart.ts';
import type { Box, Chart } from './chart.ts';

/** For Graphviz (graphviz.org/doc/info/lang.html): a digraph, groups as clusters. Only letters of ours are outside of quotes. */
export function dotChart({ title, boxes }: Chart): string {
  const lines = [
    'digraph {',
    '  compound=true;',
    '  node [shape=box, style=rounded];',
    `  label=${quoted(title)};`,
    '  labelloc=t;',
    ...boxLines(boxes, 'n'),
    '}',
  ];
  return lines.map((text) => `${text}\n`).join('');
}

function boxLines(boxes: readonly Box[], prefix: string): string[] {
  const places = new Map(boxes.map((box, index) => [box.name, placeOf(box, `${prefix}${index}`)]));
  const nodes = boxes.flatMap((box, index) => nodeLines(box, `${prefix}${index}`));
  return [...nodes, ...boxes.flatMap((box) => arrowLines(box, places))];
}

/** Where arrows begin and end: an edge is one between nodes, and is cut at the cluster that they are in. */
interface Place {
  first: string;
  last: string;
  cluster?: string;
}

function placeOf({ boxes = [] }: Box, id: string): Place {
  const [first] = boxes;
  const last = boxes.at(-1);
  if (first === undefined || last === undefined) return { first: id, last: id };
  return {
    first: placeOf(first, `${id}_0`).first,
    last: placeOf(last, `${id}_${boxes.length - 1}`).last,
    cluster: `cluster_${id}`,
  };
}

function nodeLines(box: Box, id: string): string[] {
  const label = quoted([box.name, ...detailsOf(box)].join('\n'));
  if (box.boxes === undefined || box.boxes.length === 0) return [`  ${id} [label=${label}];`];
  return [`  subgraph cluster_${id} {`, `  label=${label};`, ...boxLines(box.boxes, `${id}_`), '  }'];
}

function arrowLines({ name, arrows }: Box, places: ReadonlyMap<string, Place>): string[] {
  const to = places.get(name);
  if (to === undefined) return [];
  return arrows.flatMap(({ from: source, label, isBack = false }) => {
    const from = places.get(source);
    if (from === undefined) return [];
    const settings = [
      ...(label === '' ? [] : [`label=${quoted(label)}`]),
      ...(from.cluster === undefined ? [] : [`ltail=${from.cluster}`]),
      ...(to.cluster === undefined ? [] : [`lhead=${to.cluster}`]),
      ...(isBack ? ['constraint=false', 'style=dashed'] : []),
    ];
    return [`  ${from.last} -> ${to.first}${settings.length === 0 ? '' : ` [${settings.join(', ')}]`};`];
  });
}

/** A string of DOT: quotes and backslashes are escaped, and a line break is the escape for one. No text is read as HTML or as a record. */
function quoted(text: string): string {
  const escaped = text
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('\n', '\\n')
    // oxlint-disable-next-line no-control-regex -- they are what is taken out
    .replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
  return `"${escaped}"`;
}
