import type { Step } from '#workflows/workflow';
import type { Arrow, Box } from './chart.ts';

/** As Teams and steps say it. */
export type Quality = NonNullable<Step['quality']>;

/** Those who judge, in their order: `first` is the box of the work, which each of them may send back. */
export interface JudgedBoxes {
  judges: Box[];
  /** From the judges to the work. */
  back: Arrow[];
}

/** @param state how the runs of a judge stand, by the ends of the ids of its nodes */
export function judgedBoxes(
  quality: Quality,
  first: string,
  state: (ids: RegExp) => Pick<Box, 'ids' | 'state'> = () => ({}),
): JudgedBoxes {
  const judges: Box[] = [];
  const back: Arrow[] = [];
  let before = first;
  for (const { name, notes, corrections, ids } of judgesOf(quality)) {
    judges.push({
      ...{ name, notes },
      ...state(ids),
      arrows: [{ from: before, label: '' }],
    });
    if (corrections > 0) {
      const label = `not accepted, at most ${corrections === 1 ? 'once' : `${corrections} times`}`;
      back.push({ from: name, label, isBack: true });
    }
    before = name;
  }
  return { judges, back };
}

interface Judge {
  name: string;
  notes: string[];
  corrections: number;
  ids: RegExp;
}

/** In the order in which they judge (docs/teams.md), with the numbers that hold where none are given. */
function judgesOf({ bestOf, evaluate, review, vote, approval }: Quality): Judge[] {
  const gate = (name: string, notes: string[], corrections: number): Judge => ({
    ...{ name, notes, corrections },
    ids: new RegExp(`v\\d+-?(?:${name}|${name === 'evaluate' ? 'script' : name})`),
  });
  return [
    ...(bestOf === undefined
      ? []
      : [
          {
            name: 'choice',
            notes: [bestOf.choosers.join(', '), `the best of ${bestOf.candidates}`],
            ...{ corrections: 0, ids: /choice-?\d/ },
          },
        ]),
    ...(evaluate === undefined
      ? []
      : [gate('evaluate', [evaluate.judge ?? 'script'], evaluate.maxCorrections ?? 3)]),
    ...(review === undefined ? [] : [gate('review', [review.reviewer], review.maxCorrections ?? 2)]),
    ...(vote === undefined ? [] : [gate('vote', [vote.voters.join(', ')], vote.maxCorrections ?? 0)]),
    ...(approval === undefined ? [] : [gate('approval', ['people'], approval.maxCorrections ?? 2)]),
  ];
}
