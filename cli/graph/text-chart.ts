import { idNotes, rowsOf } from './chart.ts';
import type { Arrow, Box, Chart } from './chart.ts';

/** For terminals: steps in an order in which they can be done, those of groups below them. */
export function textChart({ title, boxes }: Chart): string {
  return [line(title), ...listLines(boxes)].map((text) => `${text}\n`).join('');
}

function listLines(boxes: readonly Box[]): string[] {
  const ordered = rowsOf(boxes).flat();
  return ordered.flatMap((box, index) => {
    const isLast = index === ordered.length - 1;
    const [first = '', ...rest] = boxLines(box);
    return [`${isLast ? '└─ ' : '├─ '}${first}`].concat(
      rest.map((text) => `${isLast ? '   ' : '│  '}${text}`),
    );
  });
}

function boxLines({ name, notes, ids, state, arrows, boxes }: Box): string[] {
  const named = ({ from, label }: Arrow): string => (label === '' ? from : `${from} (${label})`);
  const after = arrows.filter(({ isBack }) => isBack !== true).map(named);
  const again = arrows.filter(({ isBack }) => isBack === true).map(named);
  const details = [
    ...notes,
    ...idNotes(ids),
    ...(after.length === 0 ? [] : [`after ${after.join(', ')}`]),
    ...(again.length === 0 ? [] : [`again after ${again.join(', ')}`]),
  ];
  const head = [name, ...(state === undefined ? [] : [state])].join('  ');
  const words = details.length === 0 ? head : `${head}  [${details.join('; ')}]`;
  return [line(words), ...(boxes === undefined ? [] : listLines(boxes))];
}

/** One line without control characters: what is shown may come from anybody. */
// oxlint-disable-next-line no-control-regex -- they are what is taken out
const line = (text: string): string => text.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
