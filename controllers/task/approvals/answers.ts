import type { TaskAnswer, TaskQuestion } from '#api/types/generated/task';
import type { NodeRecord } from '../node-record.ts';
import { questionKey } from './ask.ts';
import type { Ask, Decided, Decisions } from './ask.ts';
import { isGuarded, settingsOf } from './settings.ts';
import type { AskedBy } from './settings.ts';

export interface AnswerSources {
  /** Those of spec.answers. */
  given: readonly TaskAnswer[];
  /** As they are stored. */
  records: readonly NodeRecord[];
  /** That are open, or were until a moment ago. */
  questions: readonly TaskQuestion[];
  decisions: Decisions;
  /** Of the node with the id. */
  askedBy: (node: string | undefined) => AskedBy;
}

export interface DecidedAnswers {
  /** All that count, those of people who may not answer left out. */
  all: TaskAnswer[];
  /** New ones, to be noted in the records of their nodes before they have an effect. */
  news: ReadonlyMap<string, readonly TaskAnswer[]>;
  /** Nobody has decided in time, and the Task is to fail by that. */
  failure?: { node: string | undefined; why: string };
}

/** The answers of a Task: what people wrote into it, and what they decided by Approvals. The first one stays. */
export function decidedAnswers(sources: AnswerSources): DecidedAnswers {
  const { given, records, questions, decisions, askedBy } = sources;
  const noted = records.flatMap(({ answers = [] }) => answers);
  const guarded = new Set(questions.filter(({ node }) => isGuarded(askedBy(node))).map(({ id }) => id));
  const all = [...noted];
  const has = (id: string): boolean => all.some((answer) => answer.id === id);
  all.push(...given.filter(({ id }) => !guarded.has(id) && !has(id)));
  const news = new Map<string, TaskAnswer[]>();
  let failure: DecidedAnswers['failure'];
  for (const question of questions) {
    const outcome = has(question.id) ? undefined : decisions.outcomeOf(questionKey(question.id));
    if (outcome === undefined) continue;
    if (outcome.result === 'failed') failure ??= { node: question.node, why: NOT_IN_TIME };
    const answer = answerBy(question, outcome);
    if (answer === undefined) continue;
    all.push(answer);
    const { node = '' } = question;
    news.set(node, [...(news.get(node) ?? []), answer]);
  }
  return { all, news, ...(failure === undefined ? {} : { failure }) };
}

export const NOT_IN_TIME = 'NotDecided: nobody has decided in time.';

/** Undefined where the question is still to be answered, or never will be. */
function answerBy({ id, kind }: TaskQuestion, outcome: Decided): TaskAnswer | undefined {
  if (outcome.result === 'failed') return undefined;
  const isAllowed = outcome.result === 'approved';
  const words = outcome.result === 'approved' ? outcome.message : outcome.words;
  if (kind === 'Permission') {
    return { id, decision: isAllowed ? 'allow' : 'deny', ...(words === undefined ? {} : { message: words }) };
  }
  if (isAllowed) return { id, message: words ?? '' };
  return { id, message: `Nobody answers this question${words === undefined ? '.' : `: ${words}`}` };
}

/** That a question is asked by an Approval, too. */
export function questionAsk(question: TaskQuestion, askedBy: AskedBy): Ask {
  const { id, kind, node, message } = question;
  return {
    key: questionKey(id),
    purpose: kind === 'Permission' ? 'ToolUse' : 'Question',
    message,
    question,
    settings: settingsOf(askedBy),
    ...(node === undefined ? {} : { node }),
  };
}
