import { detailsOf, rowsOf } from './chart.ts';
import type { Box, Chart } from './chart.ts';

/** A picture as SVG: rows from top to bottom, groups as frames; the same chart is always the same picture. */
export function svgChart({ title, boxes }: Chart): string {
  const body = layout(boxes);
  const width = Math.max(body.width, title.length * CHARACTER) + 2 * GAP;
  const height = body.height + TITLE + 2 * GAP;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
    '<defs><marker id="end" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z" fill="#555"/></marker></defs>',
    '<rect width="100%" height="100%" fill="#fff"/>',
    `<text x="${GAP}" y="${GAP + 10}" font-size="14" font-weight="bold">${escaped(title)}</text>`,
    `<g transform="translate(${GAP} ${GAP + TITLE})">`,
    ...body.shapes,
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

const GAP = 24;
const TITLE = 28;
const LINE = 16;
const PADDING = 10;
const CHARACTER = 7;
const MOST_CHARACTERS = 48;
const LEAST_WIDTH = 120;

const COLOURS: Readonly<Record<string, string>> = {
  COMPLETED: '#dff3e0',
  FAILED: '#fbdcdc',
  RUNNING: '#dbeafe',
  PENDING_CONFIRMATION: '#fef3c7',
  SKIPPED: '#f1f1f1',
  CANCELLED: '#f1f1f1',
};

interface Laid {
  width: number;
  height: number;
  shapes: string[];
}

interface Place {
  x: number;
  y: number;
  width: number;
  height: number;
}

function layout(boxes: readonly Box[]): Laid {
  const places = new Map<string, Place>();
  const shapes: string[] = [];
  let y = 0;
  let width = 0;
  for (const row of rowsOf(boxes)) {
    let x = 0;
    let height = 0;
    for (const box of row) {
      const drawn = drawBox(box);
      places.set(box.name, { x, y, width: drawn.width, height: drawn.height });
      shapes.push(`<g transform="translate(${x} ${y})">`, ...drawn.shapes, '</g>');
      x += drawn.width + GAP;
      height = Math.max(height, drawn.height);
    }
    width = Math.max(width, x - GAP);
    y += height + 2 * GAP;
  }
  const arrows = boxes.flatMap((box) => arrowShapes(box, places));
  const back = boxes.flatMap((box) => box.arrows.filter(({ isBack }) => isBack === true));
  const beside = Math.max(0, ...back.map(({ label }) => label.length * CHARACTER + GAP));
  return { width: width + beside, height: Math.max(0, y - 2 * GAP), shapes: [...arrows, ...shapes] };
}

function drawBox(box: Box): Laid {
  const { name, state, boxes } = box;
  const lines = detailsOf(box).map(short);
  const inner = boxes === undefined ? undefined : layout(boxes);
  const text = Math.max(...[short(name), ...lines].map(({ length }) => length * CHARACTER));
  const width = Math.max(LEAST_WIDTH, text + 2 * PADDING, (inner?.width ?? 0) + 2 * GAP);
  const top = LINE * (lines.length + 1) + PADDING;
  const height = top + (inner === undefined ? PADDING / 2 : inner.height + 2 * GAP);
  const fill = COLOURS[(state ?? '').split(' ', 1)[0] ?? ''] ?? '#fff';
  const dash = inner === undefined ? '' : ' stroke-dasharray="4 3"';
  return {
    width,
    height,
    shapes: [
      `<rect width="${width}" height="${height}" rx="6" fill="${fill}" stroke="#555"${dash}/>`,
      textLine(short(name), 1, ' font-weight="bold"'),
      ...lines.map((one, index) => textLine(one, index + 2, '')),
      ...(inner === undefined
        ? []
        : [`<g transform="translate(${GAP} ${top + GAP})">`, ...inner.shapes, '</g>']),
    ],
  };
}

const textLine = (text: string, line: number, style: string): string =>
  `<text x="${PADDING}" y="${line * LINE + 2}"${style}>${escaped(text)}</text>`;

function arrowShapes({ name, arrows }: Box, places: ReadonlyMap<string, Place>): string[] {
  const to = places.get(name);
  if (to === undefined) return [];
  return arrows.flatMap(({ from: source, label, isBack = false }) => {
    const from = places.get(source);
    if (from === undefined) return [];
    if (isBack) return backShapes(from, to, label);
    const [x1, y1] = [from.x + from.width / 2, from.y + from.height];
    const [x2, y2] = [to.x + to.width / 2, to.y];
    const path = `<path d="M${x1} ${y1}C${x1} ${y1 + GAP} ${x2} ${y2 - GAP} ${x2} ${y2}" fill="none" stroke="#555" marker-end="url(#end)"/>`;
    if (label === '') return [path];
    return [path, `<text x="${x2 + 4}" y="${y2 - 6}" fill="#555" font-size="10">${escaped(label)}</text>`];
  });
}

/** Beside the boxes, from the right side of one to that of an earlier one. */
function backShapes(from: Place, to: Place, label: string): string[] {
  const [x1, y1] = [from.x + from.width, from.y + from.height / 2];
  const [x2, y2] = [to.x + to.width, to.y + to.height / 2];
  const x = Math.max(x1, x2) + GAP;
  const path = `<path d="M${x1} ${y1}C${x} ${y1} ${x} ${y2} ${x2} ${y2}" fill="none" stroke="#555" stroke-dasharray="4 3" marker-end="url(#end)"/>`;
  return [path, `<text x="${x}" y="${(y1 + y2) / 2}" fill="#555" font-size="10">${escaped(label)}</text>`];
}

const short = (text: string): string =>
  text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS - 3)}...` : text;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text within XML; control characters, which XML 1.0 does not have, are left out. */
function escaped(text: string): string {
  return (
    text
      // oxlint-disable-next-line no-control-regex -- they are what is taken out
      .replaceAll(/[\u0000-\u001f\ufffe\uffff]/g, ' ')
      .replaceAll(/[&<>"']/g, (char) => ENTITIES[char] ?? '')
  );
}
