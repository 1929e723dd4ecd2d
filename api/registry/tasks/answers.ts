import { fieldsOf } from '../../machinery/json/json.ts';
import type { JsonObject } from '../../machinery/json/json.ts';
import { alreadyExists, badRequest, conflict, invalid } from '../../machinery/status-error.ts';
import type { StatusCause } from '../../machinery/status-error.ts';
import { requiredValue, unsupportedValue } from '../../structural-schema/field-error.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import { refusePastApprovers } from '../approvals/guarded-approval.ts';
import type { Registry } from '../registry.ts';
import type { WriteOptions, WriteResult } from '../requests.ts';
import type { Target } from '../resource.ts';
import { retryOnConflict } from '../write/retry-on-conflict.ts';

interface Answer {
  id: string;
  decision?: string;
  message?: string;
}

export interface AnswerRequest extends WriteOptions {
  target: Target;
  /** `{id, decision?, message?}` */
  body: unknown;
}

/**
 * Adds the answer of a person to a Task that asks for it. The same answer a second time changes nothing.
 * @throws StatusError BadRequest or Invalid for an answer that does not fit its question, AlreadyExists when the question
 * has another answer, Forbidden when an Approval names who may answer, NotFound, Conflict when too many write at once
 */
export async function answerTask(
  registry: Pick<Registry, 'catalog' | 'get' | 'update'>,
  { target, body, ...options }: AnswerRequest,
): Promise<WriteResult> {
  const answer = readAnswer(body);
  return await retryOnConflict(async () => {
    const found = await registry.get({ target, user: options.user });
    const task = found.object;
    const answers = answersOf(task);
    const given = answers.find(({ id }) => id === answer.id);
    if (given !== undefined && isSame(given, answer)) return { object: found, warnings: [] };
    if (given !== undefined) throw alreadyExists({ group: '', plural: 'answers' }, answer.id);
    checkFits(answer, questionOf(task, answer.id), target.name);
    const isAbout = ({ questionId }: { questionId?: string }): boolean => questionId === answer.id;
    await refusePastApprovers(registry, { task, user: options.user }, isAbout);
    const spec = { ...fieldsOf(task['spec']), answers: [...answers, answer] };
    return await registry.update({ ...options, target, body: { ...task, spec } });
  });
}

function readAnswer(body: unknown): Answer {
  const { id, decision, message } = fieldsOf(body);
  if (typeof id !== 'string' || id === '') throw badRequest('id must be the id of one of status.questions');
  if (decision !== undefined && typeof decision !== 'string') throw badRequest('decision must be a text');
  if (message !== undefined && typeof message !== 'string') throw badRequest('message must be a text');
  return {
    id,
    ...(decision === undefined ? {} : { decision }),
    ...(message === undefined ? {} : { message }),
  };
}

function answersOf(task: Unstructured): Answer[] {
  const { answers } = fieldsOf(task['spec']);
  return Array.isArray(answers) ? (answers as Answer[]) : [];
}

const isSame = (one: Answer, other: Answer): boolean =>
  one.decision === other.decision && one.message === other.message;

function questionOf(task: Unstructured, id: string): JsonObject | undefined {
  const { questions } = fieldsOf(task['status']);
  return Array.isArray(questions)
    ? questions.map(fieldsOf).find((question) => question['id'] === id)
    : undefined;
}

function checkFits(answer: Answer, question: JsonObject | undefined, name: string): void {
  if (question === undefined) {
    throw conflict({ group: 'agent.wecode.io', plural: 'tasks' }, name, `no question ${answer.id} is open`);
  }
  const causes =
    question['kind'] === 'Permission' ? permissionProblems(answer) : answerProblems(answer, question);
  if (causes.length > 0) throw invalid({ group: 'agent.wecode.io', kind: 'TaskAnswer' }, name, causes);
}

const DECISIONS = ['allow', 'deny'];

function permissionProblems({ decision }: Answer): StatusCause[] {
  if (decision === undefined) return [requiredValue('decision', 'allow or deny the use of the tool')];
  return DECISIONS.includes(decision) ? [] : [unsupportedValue('decision', decision, DECISIONS)];
}

function answerProblems({ message }: Answer, { options }: JsonObject): StatusCause[] {
  if (message === undefined || message === '') return [requiredValue('message', 'the answer')];
  if (!Array.isArray(options) || options.includes(message)) return [];
  return [unsupportedValue('message', message, options)];
}
