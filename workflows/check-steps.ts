import { readTime } from '#api/machinery/clock';
import type { Expression, ValueType } from '#api/schema/expressions';
import { actionProblems, referenceProblems } from './check-action.ts';
import { conditionProblems, itemType } from './check-expression.ts';
import type { ExpressionPlace } from './check-expression.ts';
import { siblingProblems } from './check-names.ts';
import { textProblems, textsIn } from './check-text.ts';
import { orderSteps } from './order.ts';
import { stepQualityProblems } from './check-quality.ts';
import { participantsOf } from './participants.ts';
import { placeholdersOf } from './placeholders.ts';
import type { Problem } from './problem.ts';
import { passType, resultType, withSteps } from './variables.ts';
import type { Variables } from './variables.ts';
import { stepKey } from './workflow.ts';
import type { Step } from './workflow.ts';

/** Steps of one list, and what they see of the steps around them. */
export interface StepList {
  steps: readonly Step[];
  /** Path of the list. */
  at: string;
  variables: Variables;
  /** Takes up the expressions, by the field each stands in. */
  expressions: Map<string, Expression>;
  /** Names of the steps around that have ended before; their sessions and files can be gone on with. */
  ended: ReadonlySet<string>;
  /** Whether the list is gone through again, so that all of it has ended before. */
  isRepeated: boolean;
}

export interface CheckedSteps {
  problems: readonly Problem[];
  /** The types of the results, by name. */
  results: ReadonlyMap<string, ValueType>;
}

/** All that is wrong with steps, and within them. */
export function checkSteps(list: StepList): CheckedSteps {
  const { steps, at, variables, expressions } = list;
  const problems = siblingProblems(steps, at);
  const results = new Map<string, ValueType>();
  // Names that lead nowhere would be told again by each expression.
  if (problems.length > 0) return { problems: [...problems, ...formProblems(steps, at)], results };
  const { sorted, before } = orderSteps(steps);
  const all = new Set(steps.map(({ name }) => stepKey(name)));
  for (const step of sorted) {
    const above = before.get(step.name) ?? new Set();
    const known = [...results].filter(([name]) => above.has(name));
    const place = {
      at: `${at}[${steps.indexOf(step)}]`,
      variables: withSteps(variables, known),
      expressions,
      hidden: all,
    };
    const checked = checkStep(step, place, { ...list, ended: new Set([...list.ended, ...above]) });
    problems.push(...checked.problems);
    results.set(step.name, checked.result);
  }
  return { problems, results };
}

/** The mistakes in steps, and between them, whatever they see of each other. */
export function formProblems(steps: readonly Step[], at: string): Problem[] {
  return steps.flatMap((step, index) => {
    const place = `${at}[${index}]`;
    const inner = step.steps ?? [];
    return [
      ...fieldProblems(step, place),
      ...fixedProblems(step, place),
      ...siblingProblems(inner, `${place}.steps`),
      ...formProblems(inner, `${place}.steps`),
    ];
  });
}

interface CheckedStep {
  problems: Problem[];
  result: ValueType;
}

function checkStep(step: Step, place: ExpressionPlace, list: StepList): CheckedStep {
  const problems = [...fieldProblems(step, place.at), ...sourceProblems(step, place.at, list)];
  if (step.when !== undefined)
    problems.push(...conditionProblems(step.when, { ...place, at: `${place.at}.when` }));
  const loop = loopVariables(step, place);
  problems.push(...loop.problems);
  const inside = { ...place, variables: loop.variables };
  problems.push(...stepTexts(step, inside));
  const inner = checkInner(step, inside, list);
  problems.push(...inner.problems);
  const keyed = new Map([...inner.results].map(([name, type]) => [stepKey(name), type]));
  const pass = passType(step, keyed);
  const judged = { ...loop.variables, self: pass };
  for (const [index, { rule }] of (step.assert ?? []).entries())
    problems.push(
      ...conditionProblems(rule, { ...inside, at: `${place.at}.assert[${index}].rule`, variables: judged }),
    );
  if (step.repeat !== undefined) {
    const variables = withSteps(judged, inner.results);
    problems.push(
      ...conditionProblems(step.repeat.until, { ...inside, at: `${place.at}.repeat.until`, variables }),
    );
  }
  return { problems, result: resultType(step, pass) };
}

function loopVariables(
  { forEach, repeat }: Step,
  place: ExpressionPlace,
): { variables: Variables; problems: Problem[] } {
  const { variables } = place;
  if (repeat !== undefined) return { variables: { ...variables, iteration: 'int' }, problems: [] };
  if (forEach === undefined) return { variables, problems: [] };
  const found = itemType(forEach.items, { ...place, at: `${place.at}.forEach.items` });
  const item = 'problem' in found ? 'any' : found.type;
  return {
    variables: { ...variables, item, index: 'int' },
    problems: 'problem' in found ? [found.problem] : [],
  };
}

function checkInner(
  step: Step,
  { at, variables, expressions }: ExpressionPlace,
  { ended }: StepList,
): CheckedSteps {
  if (step.steps === undefined) return { problems: [], results: new Map() };
  const isRepeated = step.repeat !== undefined;
  return checkSteps({ steps: step.steps, at: `${at}.steps`, variables, expressions, ended, isRepeated });
}

/** Placeholders in the words for an agent, in an action and in a question to people. */
function stepTexts(step: Step, { at, variables }: ExpressionPlace): Problem[] {
  const { prompt, action, wait, quality } = step;
  const { script, ...calls } = action ?? {};
  const { run: _, command: __, shell: ___, ...given } = script ?? {};
  const texts = [
    ...textsIn(prompt, `${at}.prompt`),
    ...textsIn(calls, `${at}.action`),
    ...textsIn(given, `${at}.action.script`),
    ...textsIn(wait, `${at}.wait`),
    ...textsIn(quality?.approval?.message, `${at}.quality.approval.message`),
  ];
  return [...texts.flatMap((one) => textProblems(one.text, one.at, variables)), ...fixedProblems(step, at)];
}

/** Texts in which nothing is replaced, or only where it does no harm. */
function fixedProblems({ action, wait, outputSchema, quality }: Step, at: string): Problem[] {
  const { script, http } = action ?? {};
  const { run, command, shell } = script ?? {};
  return [
    ...codeProblems({ run, command, shell }, `${at}.action.script`),
    ...codeProblems({ ...quality?.evaluate?.script }, `${at}.quality.evaluate.script`),
    ...actionProblems(action ?? {}, `${at}.action`),
    ...referenceProblems(outputSchema, `${at}.outputSchema`),
    ...timeProblems(wait?.until, `${at}.wait.until`),
    ...hostProblems(http?.url, `${at}.action.http.url`),
  ];
}

/** Known before it runs only where nothing of it is replaced. */
function timeProblems(until: string | undefined, field: string): Problem[] {
  if (until === undefined || placeholdersOf(until).length > 0 || readTime(until) !== undefined) return [];
  const message = 'must be a date and time as in RFC 3339, such as 2026-12-24T18:00:00Z, or placeholders';
  return [{ field, message }];
}

/** The words of an agent never become a part of a program. */
function codeProblems(code: Record<string, unknown>, at: string): Problem[] {
  return [...textsIn(code, at)].flatMap(({ text, at: field }) =>
    placeholdersOf(text).map(({ text: shown }) => ({
      field,
      message: `${shown} would become a part of the program: give the value in env or inputs`,
    })),
  );
}

/** The words of an agent never decide which service is called. */
function hostProblems(url: unknown, field: string): Problem[] {
  if (typeof url !== 'string') return [];
  const origin = /^[^/]*\/\/[^/?#]*/.exec(url)?.[0] ?? url;
  const [first] = placeholdersOf(origin);
  if (first === undefined) return [];
  return [
    {
      field,
      message: `${first.text} would decide which service is called; it may stand in the path and the query`,
    },
  ];
}

/** Fields that mean nothing for a step of this kind. */
function fieldProblems(step: Step, at: string): Problem[] {
  const own: Record<string, readonly (keyof Step)[]> = {
    participants: ['prompt', 'sessionFrom', 'outputSchema', 'quality', 'filesFrom', 'timeoutSeconds'],
    action: ['outputSchema', 'filesFrom', 'timeoutSeconds'],
    wait: ['timeoutSeconds'],
  };
  const kind = Object.keys(own).find((name) => Object.hasOwn(step, name));
  const allowed = own[kind ?? ''] ?? [];
  // Members are kept by these names, and JavaScript has a use of its own for this one.
  const taken = participantsOf({ steps: [{ ...step, steps: [] }] }).includes('__proto__')
    ? [{ field: `${at}.participants`, message: 'no member can be called "__proto__"' }]
    : [];
  const meaningless = (own['participants'] ?? [])
    .filter((name) => step[name] !== undefined && !allowed.includes(name))
    .map((name) => ({ field: `${at}.${name}`, message: `a step with ${kindOf(step)} has no ${name}` }));
  return [...taken, ...meaningless, ...stepQualityProblems(step, at)];
}

function kindOf(step: Step): string {
  if (step.action !== undefined) return 'an action';
  if (step.wait !== undefined) return 'a wait';
  return step.fill === undefined ? 'steps of its own' : 'a place to fill';
}

/** Steps that are gone on with have to have ended. */
function sourceProblems(step: Step, at: string, { steps, ended, isRepeated }: StepList): Problem[] {
  const known = new Set([
    ...ended,
    ...(isRepeated ? steps.map(({ name }) => name) : []),
    ...(step.repeat === undefined ? [] : [step.name]),
  ]);
  const wrong = (names: readonly string[], field: string): Problem[] =>
    names
      .filter((name) => !known.has(name))
      .map((name) => ({
        field,
        message: `"${name}" is no step that has ended before; name it in dependsOn, too`,
      }));
  const { sessionFrom = [], filesFrom } = step;
  return [
    ...wrong(sessionFrom, `${at}.sessionFrom`),
    ...wrong(filesFrom === undefined ? [] : [filesFrom], `${at}.filesFrom`),
  ];
}
