import { ExpressionFailure } from '#api/schema/expressions';
import type { Expression } from '#api/schema/expressions';
import { orderSteps } from '#workflows/order';
import type { StepOrder } from '#workflows/order';
import { dependenciesOf, failureStep, predecessorsOf, stepKey, DEFAULT_MAX_ITEMS } from '#workflows/workflow';
import type { Step } from '#workflows/workflow';
import type { StepResult } from '#workflows/variables';
import type { PlannedNode } from '../../graph/graph.ts';
import type { NodeRecord } from '../../node-record.ts';
import type { RevisionMember } from '../../revision/revision.ts';
import type { Judgement } from '../quality/gate-course.ts';
import { answerOf } from './answers.ts';
import { judgedStep } from './judged-step.ts';
import type { JudgedRun } from './judged-step.ts';
import { resultOf } from './node-results.ts';
import { ended, failedResult, joined, joinedValues, sideBySide } from './progress.ts';
import type { ListProgress, Progress } from './progress.ts';
import { valuesIn, withResults, withRuns } from './scope.ts';
import type { Scope } from './scope.ts';
import { actionNode, runNode, skippedNode, waitNode, waitOf } from './step-nodes.ts';
import type { PlacedStep } from './step-nodes.ts';
import type { StepActions } from './workflow-program.ts';

export interface InterpreterSources {
  expressions: ReadonlyMap<string, Expression>;
  members: Readonly<Record<string, RevisionMember>>;
  actions: StepActions;
  /** The record of a node that has ended. */
  ended: (node: string) => NodeRecord | undefined;
}

/**
 * Goes through a workflow as far as the ends of its nodes are known. It decides nothing by time or by order: the same ends
 * always give the same nodes, and more ends only give more.
 */
export class Interpreter {
  /** All nodes that are known by now. */
  readonly nodes: PlannedNode[] = [];
  /** Nodes that failed to say no to the answer of a step, which was heeded. */
  readonly heeded = new Set<string>();
  /** On the answers of steps, with the titles of these. */
  readonly judgements: (Judgement & { step: string })[] = [];
  /** Of steps that have ended, by the texts of their paths. */
  readonly results = new Map<string, StepResult>();
  readonly #sources: InterpreterSources;
  /** Nodes whose answers are words about an answer: what follows is not told them. */
  readonly #judges = new Set<string>();

  constructor(sources: InterpreterSources) {
    this.#sources = sources;
  }

  /** Steps that stand beside each other. */
  list(steps: readonly Step[], scope: Scope): ListProgress {
    const { sorted, before } = orderSteps(steps);
    const known = new Map<string, Progress>();
    for (const step of sorted) {
      const above = [...known].filter(([name]) => before.get(step.name)?.has(name) === true);
      const predecessors = predecessorsOf(step, steps).flatMap((name) => known.get(name) ?? []);
      const own = scopeOf(step, scope, { steps, above, before, predecessors });
      const progress = predecessors.every(isOver) ? this.#step(step, steps, known, own) : pending(own);
      known.set(step.name, progress);
      if (progress.result !== undefined) this.results.set(own.path.text, progress.result);
    }
    return listProgress(steps, known, before);
  }

  // oxlint-disable-next-line max-params -- the siblings and how far they are belong to the step
  #step(step: Step, siblings: readonly Step[], known: ReadonlyMap<string, Progress>, scope: Scope): Progress {
    const missed = missedEdge(step, siblings, known);
    if (missed !== undefined) return this.#skip(step, scope, ended('Omitted', { message: missed }));
    if (step.when !== undefined) {
      const chosen = this.#condition(`${scope.at}.when`, scope);
      if (typeof chosen !== 'boolean') return this.#skip(step, scope, chosen);
      if (!chosen) return this.#skip(step, scope, ended('Skipped', { message: `Not chosen: ${step.when}` }));
    }
    if (step.forEach !== undefined) return this.#items(step, scope);
    return step.repeat === undefined ? this.#tries(step, scope) : this.#iterations(step, scope);
  }

  /** A step without a run of its own; a node says why. */
  #skip(step: Step, scope: Scope, result: StepResult): Progress {
    const node = skippedNode({ step, scope, path: scope.path }, result.message);
    this.nodes.push(node);
    return concluded(step, { ...pending(scope), last: [node.id] }, result);
  }

  #items(step: Step, scope: Scope): Progress {
    const found = this.#evaluate(`${scope.at}.forEach.items`, valuesIn(scope));
    if ('failure' in found) return this.#skip(step, scope, found.failure);
    const list = found.value;
    if (!Array.isArray(list))
      return this.#skip(step, scope, failedResult('ExpressionFailed', 'forEach.items is no list.'));
    const { maxItems = DEFAULT_MAX_ITEMS, parallelism = list.length } = step.forEach ?? {};
    if (list.length > maxItems) {
      const message = `forEach.items has ${list.length} items, and at most ${maxItems} may be.`;
      return this.#skip(step, scope, failedResult('TooManyItems', message));
    }
    if (list.length === 0)
      return this.#skip(step, scope, ended('Succeeded', { items: [], message: 'The list is empty.' }));
    const parts: Progress[] = [];
    for (const [index, item] of list.entries()) {
      if (index >= parallelism + parts.filter(isOver).length) break;
      const values = { ...scope.values, item: item as unknown, index };
      const suffix = `${scope.suffix}, item ${index + 1}`;
      parts.push(
        this.#tries(step, { ...scope, values, suffix, path: scope.path.item(index), isSideBySide: true }),
      );
    }
    const result = parts.length === list.length ? joined(parts) : undefined;
    return { ...sideBySide(parts, scope.files), ...(result === undefined ? {} : { result }) };
  }

  #iterations(step: Step, scope: Scope): Progress {
    const { maxIterations = 1, until = '' } = step.repeat ?? {};
    let around = scope;
    for (let iteration = 1; ; iteration += 1) {
      const values = { ...scope.values, iteration };
      const suffix = `${scope.suffix}, iteration ${iteration}`;
      const inside = { ...around, values, suffix, path: scope.path.iteration(iteration) };
      const pass = this.#tries(step, inside);
      if (pass.result === undefined) return pass;
      around = withRuns({ ...around, needs: pass.last, files: pass.files ?? around.files }, pass.runs);
      const { failed: _, ...whole } = { ...pass, runs: around.runs };
      const result = { ...pass.result, iterations: iteration };
      if (result.status === 'Failed') return concluded(step, whole, result);
      const seen = withResults(inside, Object.entries(result.steps ?? {}));
      const isDone = this.#condition(`${scope.at}.repeat.until`, seen, { self: result });
      if (typeof isDone !== 'boolean') return concluded(step, whole, { ...result, ...isDone });
      if (isDone) return { ...whole, result };
      if (iteration >= maxIterations) {
        const message = `It does not hold after ${iteration} iterations: ${until}`;
        return concluded(step, whole, { ...result, ...failedResult('IterationLimit', message) });
      }
    }
  }

  /** A run through the step, and again where it fails and may. */
  #tries(step: Step, scope: Scope): Progress {
    const { limit = 0, reasons, delaySeconds = 0 } = step.retry ?? {};
    let around = scope;
    for (let times = 0; ; times += 1) {
      const path = scope.path.tried(times);
      const pass = this.#asserted(step, { ...around, path });
      const { result } = pass;
      const reason = result?.reason ?? pass.failed?.reason ?? '';
      const mayTry = times < limit && (reasons?.includes(reason) ?? true);
      // A group of which a part has failed comes to its end before it is tried again.
      if (result === undefined) return mayTry ? withoutFailure(pass) : pass;
      if (result.status !== 'Failed' || !mayTry) return pass;
      around = { ...scope, needs: pass.last };
      if (delaySeconds === 0) continue;
      const pause = this.#pause(step, { ...around, path: path.pause() }, delaySeconds * 2 ** times);
      if (pause === undefined) return { ...pending(scope), last: pass.last };
      around = { ...scope, needs: [pause] };
    }
  }

  /** The node of a pause that is over. */
  #pause(step: Step, scope: Scope, seconds: number): string | undefined {
    const node = waitNode({ step, scope, path: scope.path }, { for: 'time', seconds }, `${step.name}, pause`);
    this.nodes.push(node);
    return this.#sources.ended(node.id) === undefined ? undefined : node.id;
  }

  #asserted(step: Step, scope: Scope): Progress {
    const pass = this.#pass(step, scope);
    if (pass.result?.status !== 'Succeeded') return pass;
    for (const [index, { rule, message = `It does not hold: ${rule}` }] of (step.assert ?? []).entries()) {
      const holds = this.#condition(`${scope.at}.assert[${index}].rule`, scope, { self: pass.result });
      if (holds === true) continue;
      const wrong = holds === false ? failedResult('AssertionFailed', message) : holds;
      return concluded(step, pass, { ...pass.result, ...wrong, value: pass.result.value });
    }
    return pass;
  }

  /** Once through the step. */
  #pass(step: Step, scope: Scope): Progress {
    if (step.steps !== undefined) return this.#group(step, step.steps, scope);
    const placed = { step, scope, path: scope.path };
    if (step.wait !== undefined)
      return this.#node(placed, waitNode(placed, waitOf(step.wait, scope), step.name));
    const action = this.#sources.actions[step.name];
    if (step.action !== undefined && action !== undefined)
      return this.#node(placed, actionNode(placed, action, step.name));
    const [only = '', ...others] = step.participants ?? [];
    if (others.length === 0) return this.#run(placed, only, step.name);
    const parts = [only, ...others].map((name, index) =>
      this.#run(
        { ...placed, scope: { ...scope, isSideBySide: true }, path: scope.path.participant(index) },
        name,
        `${step.name} by ${name}`,
      ),
    );
    const result = joined(parts);
    return { ...sideBySide(parts, scope.files), ...(result === undefined ? {} : { result }) };
  }

  #group(step: Step, steps: readonly Step[], scope: Scope): Progress {
    const progress = this.list(steps, { ...scope, at: `${scope.at}.steps` });
    const { failed } = progress;
    return failed === undefined ? progress : { ...progress, failed: { ...failed, step: step.name } };
  }

  #run(placed: PlacedStep, participant: string, title: string): Progress {
    const member = this.#sources.members[participant];
    if (member === undefined) throw new RangeError(`the revision has no member ${participant}`);
    const told = placed.scope.needs.filter((from) => !this.#judges.has(from));
    const results = told.map((from) => {
      const name = this.nodes.find(({ id }) => id === from)?.name ?? from;
      return { from, label: `Result of the step before, ${name}` };
    });
    const run = runNode(placed, { name: participant, member, title, results });
    const { quality } = placed.step;
    return quality === undefined ? this.#node(placed, run) : this.#judged({ placed, run, quality });
  }

  /** The run, and those who judge what comes of it. */
  #judged(judged: Pick<JudgedRun, 'placed' | 'quality' | 'run'>): Progress {
    const { placed, run } = judged;
    const { members, ended } = this.#sources;
    const { nodes, author, result, heeded, judgements } = judgedStep({
      ...judged,
      members,
      history: { ended },
    });
    this.nodes.push(...nodes);
    for (const { id } of nodes) if (id !== author) this.#judges.add(id);
    for (const id of heeded) this.heeded.add(id);
    // The words of judges stand in their results.
    for (const judgement of judgements) {
      const { opinions: _, ...told } = judgement;
      this.judgements.push({ step: run.name, ...told });
    }
    const files = run.workspace.uses && author !== undefined ? author : placed.scope.files;
    const own = {
      last: lastOf(nodes, author),
      runs: new Map(author === undefined ? [] : [[placed.step.name, author]]),
      ...(files === undefined ? {} : { files }),
    };
    return result === undefined ? own : concluded(placed.step, own, result);
  }

  #node({ step, scope }: PlacedStep, node: PlannedNode): Progress {
    this.nodes.push(node);
    const record = this.#sources.ended(node.id);
    const files = node.workspace.uses ? node.id : scope.files;
    const own = {
      last: [node.id],
      runs: new Map(node.kind === 'wait' ? [] : [[step.name, node.id]]),
      ...(files === undefined ? {} : { files }),
    };
    if (record === undefined) return own;
    return concluded(step, own, resultOf(record));
  }

  /** The value of a condition, or the result of a step whose condition has none. */
  #condition(at: string, scope: Scope, more: Record<string, unknown> = {}): boolean | StepResult {
    const found = this.#evaluate(at, valuesIn(scope, more));
    if ('failure' in found) return found.failure;
    if (typeof found.value === 'boolean') return found.value;
    return failedResult('ExpressionFailed', `${fieldName(at)} is neither true nor false.`);
  }

  #evaluate(at: string, values: Record<string, unknown>): { value: unknown } | { failure: StepResult } {
    const expression = this.#sources.expressions.get(at);
    if (expression === undefined) throw new RangeError(`there is no expression at ${at}`);
    try {
      return { value: expression.evaluate(values) };
    } catch (error) {
      if (!(error instanceof ExpressionFailure)) throw error;
      return { failure: failedResult('ExpressionFailed', `${fieldName(at)}: ${error.message}.`) };
    }
  }
}

const isOver = ({ result }: Progress): boolean => result !== undefined;

const fieldName = (at: string): string => at.replace(/^.*\]\./, '');

/** Nothing of it is known yet. */
function pending({ needs, files }: Scope): Progress {
  return { last: needs, runs: new Map(), ...(files === undefined ? {} : { files }) };
}

function withoutFailure(progress: Progress): Progress {
  const { failed: _, ...rest } = progress;
  return rest;
}

/** The author, and the nodes that no other one needs: when one of them runs again, so does what follows. */
function lastOf(nodes: readonly PlannedNode[], author: string | undefined): string[] {
  const needed = new Set(nodes.flatMap(({ needs }) => needs));
  return nodes.map(({ id }) => id).filter((id) => id === author || !needed.has(id));
}

/** A result, with the failure that it may be. */
function concluded(step: Step, pass: Progress, result: StepResult): Progress {
  return { ...pass, result, ...(result.status === 'Failed' ? { failed: failedOf(step, result) } : {}) };
}

const failedOf = ({ name }: Step, { reason, message }: StepResult) => ({ step: name, reason, message });

interface Neighbours {
  steps: readonly Step[];
  /** The names of all that has to end before each step. */
  before: ReadonlyMap<string, ReadonlySet<string>>;
  /** How far those before this one are. */
  above: readonly (readonly [string, Progress])[];
  predecessors: readonly Progress[];
}

function scopeOf(step: Step, scope: Scope, { steps, above, before, predecessors }: Neighbours): Scope {
  const position = steps.indexOf(step);
  const needs =
    predecessors.length === 0 ? scope.needs : [...new Set(predecessors.flatMap(({ last }) => last))];
  const files = predecessors.find((one) => one.files !== undefined)?.files ?? scope.files;
  const results = above.flatMap(([name, { result }]) =>
    result === undefined ? [] : [[name, result] as const],
  );
  const runs = new Map(above.flatMap(([, one]) => [...one.runs]));
  const isSideBySide = scope.isSideBySide || steps.some((other) => isBeside(step, other, before));
  const own = {
    ...scope,
    isSideBySide,
    at: `${scope.at}[${position}]`,
    path: scope.path.step(position),
    needs,
    files,
  };
  return withRuns(withResults(own, results), runs);
}

/** Whether neither of two steps that may work in files waits for the other. */
function isBeside(step: Step, other: Step, before: Neighbours['before']): boolean {
  if (step === other || other.wait !== undefined) return false;
  return before.get(step.name)?.has(other.name) !== true && before.get(other.name)?.has(step.name) !== true;
}

/** Why the edges of a step do not hold, as a sentence. */
function missedEdge(
  step: Step,
  siblings: readonly Step[],
  known: ReadonlyMap<string, Progress>,
): string | undefined {
  const statusOf = (name: string): StepResult['status'] | undefined => known.get(name)?.result?.status;
  for (const { step: name, edge } of dependenciesOf(step)) {
    const status = statusOf(name);
    const goesOn = siblings.some((other) => other.name === name && other.onFailure === 'Continue');
    const isFailure = status === 'Failed';
    const isSuccess = status === 'Succeeded' || status === 'Skipped' || (isFailure && goesOn);
    const holds = edge === 'always' || (edge === 'failure' ? isFailure : isSuccess);
    if (!holds) return `Step "${name}" ended ${status ?? ''}, and this one runs on ${edge}.`;
  }
  const sources = siblings.filter((other) => failureStep(other) === step.name).map(({ name }) => name);
  if (sources.length === 0 || sources.some((name) => statusOf(name) === 'Failed')) return undefined;
  return `It runs when ${sources.map((name) => `"${name}"`).join(' or ')} fails.`;
}

/** Whether something follows from the failure of a step but the end of all. */
function isHandled(step: Step, siblings: readonly Step[]): boolean {
  if (step.onFailure !== undefined) return step.onFailure !== 'Fail';
  return siblings.some((other) =>
    dependenciesOf(other).some(({ step: name, edge }) => name === step.name && edge !== 'success'),
  );
}

function listProgress(
  steps: readonly Step[],
  known: ReadonlyMap<string, Progress>,
  before: StepOrder['before'],
): ListProgress {
  const followed = new Set(steps.flatMap((step) => predecessorsOf(step, steps)));
  const ends = steps.filter(({ name }) => !followed.has(name)).flatMap(({ name }) => known.get(name) ?? []);
  const all = steps.map((step) => ({ step, progress: known.get(step.name) }));
  const failed = all.find(({ step, progress }) => progress?.failed !== undefined && !isHandled(step, steps))
    ?.progress?.failed;
  const results = all.flatMap(({ step: { name }, progress }) =>
    progress?.result === undefined ? [] : [[stepKey(name), progress.result] as const],
  );
  const files = ends.findLast((one) => one.files !== undefined)?.files;
  const answer = answerOf(steps, known, before);
  const progress = {
    answer,
    last: [...new Set(ends.flatMap(({ last }) => last))],
    runs: new Map(all.flatMap((one) => Array.from(one.progress?.runs ?? []))),
    ...(files === undefined ? {} : { files }),
    ...(failed === undefined ? {} : { failed }),
  };
  if (results.length < steps.length) return progress;
  // Where nothing but waits has a value, what people or programs said to them.
  const value = answer === '' ? joinedValues(ends.flatMap(({ result }) => result ?? [])) : answer;
  const whole = { value, steps: Object.fromEntries(results) };
  const result =
    failed === undefined
      ? ended('Succeeded', whole)
      : failedResult(failed.reason, `Step "${failed.step}": ${failed.message}`, whole);
  return { ...progress, result };
}
