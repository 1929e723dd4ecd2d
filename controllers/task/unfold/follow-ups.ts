import type { Task, TaskMessage } from '#api/types/generated/task';
import { isFinalTaskStatus, waitingMessages } from '#api/types/tasks/task';
import { memberNamesOf } from '#api/types/tasks/task-revision';
import { isRunNode, workerOf } from '../graph/graph.ts';
import type { PlannedNode, RunNode } from '../graph/graph.ts';
import { hasRun, readRecords, valueOf } from '../node-record.ts';
import type { NodeRecord } from '../node-record.ts';
import { isDone } from '../plan/readiness.ts';
import { addresseeProblem, followUpNode } from '../status/messages.ts';
import { answering, authorBefore } from './authors.ts';
import { memberOf, memberRun } from './team/member-run.ts';
import { unfold } from './unfold.ts';
import type { Programs, Unfolded, UnfoldInput } from './unfold.ts';

/**
 * The whole graph of a Task as far as it is known: that of its program, and a node for each message that no run has taken, one
 * after the other. The agent that has answered, or the one that is meant, goes on in its session. From the first such node on nothing else of the Task grows, and how it ended
 * decides about the Task no longer: the newest node does.
 */
export function knownGraph(input: UnfoldInput, programs: Programs): Unfolded {
  const unfolded = unfold(input, programs);
  const { messages = [] } = input.history.task.spec;
  if (messages.length === 0) return unfolded;
  const conversation = new Conversation(unfolded, input);
  if (!conversation.hasBegun && !conversation.isOver) return unfolded;
  for (const message of messages) if (!conversation.take(message)) break;
  return conversation.unfolded();
}

class Conversation {
  readonly #unfolded: Unfolded;
  readonly #input: UnfoldInput;
  readonly #stored: ReadonlyMap<string, NodeRecord>;
  /** The nodes of the program. */
  readonly #before: readonly PlannedNode[];
  readonly #followUps: RunNode[] = [];
  /** By id: all runs, those of messages among them. */
  readonly #runs: Map<string, RunNode>;
  /** By the id of a run, the one that its session began with. */
  readonly #firsts = new Map<string, string>();
  /** Whether the Task has ended, and is taken up again. */
  readonly #isTakenUp: boolean;
  readonly hasBegun: boolean;

  constructor(unfolded: Unfolded, input: UnfoldInput) {
    const { task } = input.history;
    this.#unfolded = unfolded;
    this.#input = input;
    this.#stored = new Map(readRecords(task.status).map((record) => [record.node, record]));
    const isSpokenTo = forkWords(task).some((id) => !this.#stored.has(id));
    const hasEnded = isFinalTaskStatus(task.status?.status);
    this.#isTakenUp = isSpokenTo || (hasEnded && waitingMessages(task).length > 0);
    const ids = (task.spec.messages ?? []).map(followUpNode);
    this.hasBegun = this.#isTakenUp || ids.some((id) => this.#stored.has(id));
    const { nodes } = unfolded;
    this.#before = this.hasBegun ? nodes.filter(({ id }) => this.#stored.has(id)) : nodes;
    this.#runs = new Map(this.#before.filter(isRunNode).map((node) => [node.id, node]));
  }

  /** Whether the program has done all that it can. */
  get isOver(): boolean {
    return this.#unfolded.failure === undefined && this.#before.every((node) => this.#isDone(node));
  }

  /** Adds the node of a message, if it has one. False where nothing behind it can begin yet. */
  take(message: TaskMessage): boolean {
    const id = followUpNode(message);
    const record = this.#stored.get(id);
    if (record === undefined) {
      if (this.#isTaken(message) || addresseeProblem(message, this.#members()) !== undefined) return true;
      if (!this.#mayBegin()) return false;
    }
    const addressee = record === undefined ? this.#addressee(message) : this.#known(message, record);
    if (addressee === undefined) return true;
    const followUp = this.#followUp(message, addressee);
    this.#followUps.push(followUp);
    this.#runs.set(id, followUp);
    return this.#input.history.ended(id) !== undefined;
  }

  unfolded(): Unfolded {
    const last = this.#followUps.at(-1);
    if (last === undefined) return this.#unfolded;
    const nodes = this.#nodes();
    const record = this.#input.history.ended(last.id);
    const answer = record?.status === 'COMPLETED' ? valueOf(record) : this.#unfolded.answer;
    const past = new Set(nodes.slice(0, -1).map(({ id }) => id));
    const { details, heeded, course } = this.#unfolded;
    return {
      ...{ nodes, past },
      ...(course === undefined ? {} : { course }),
      ...(heeded === undefined ? {} : { heeded }),
      ...(answer === undefined ? {} : { answer }),
      ...(details === undefined ? {} : { details }),
    };
  }

  #nodes(): readonly PlannedNode[] {
    return [...this.#before, ...this.#followUps];
  }

  #members(): readonly string[] {
    const { revision } = this.#input;
    return memberNamesOf({ ...revision, nodes: [...revision.nodes, ...this.#unfolded.nodes] });
  }

  #isDone(node: PlannedNode): boolean {
    const record = this.#input.history.ended(node.id);
    return record !== undefined && isDone({ node, record });
  }

  /** An agent has got it while it worked, or nobody wants it any longer. */
  #isTaken({ id }: TaskMessage): boolean {
    const { task, ended } = this.#input.history;
    const isWritten = (task.status?.messages ?? []).some((state) => state.id === id);
    return isWritten || this.#nodes().some((node) => ended(node.id)?.messages?.includes(id));
  }

  #mayBegin(): boolean {
    if (this.#input.history.task.spec.cancel === true) return false;
    // A step may run again.
    if (this.#nodes().some(({ id }) => this.#input.history.ended(id) === undefined)) return false;
    const last = this.#followUps.at(-1);
    return this.#isTakenUp || last === undefined || this.#isDone(last);
  }

  #run(id: string | undefined): RunNode | undefined {
    return id === undefined ? undefined : this.#runs.get(id);
  }

  /** Who answers: the agent that is meant, in its session or in a first one; without a name, the one whose answer is the Task's. */
  #addressee(message: TaskMessage): Addressee | undefined {
    const { node, member } = message;
    const { task } = this.#input.history;
    const { currentStage: stage } = task.spec;
    const named = node ?? (member === undefined && stage !== undefined ? this.#before[stage]?.id : undefined);
    const runs = this.#past();
    const first = this.#firstOf(this.#run(named));
    const own = runs.findLast((run) =>
      named === undefined ? workerOf(run) === member : run.id === named || this.#firstOf(run) === first,
    );
    if (own !== undefined) return { template: own, from: own };
    const author = this.#author(runs, node);
    const template = this.#beginner(message);
    if (template !== undefined) return { template, ...(author === undefined ? {} : { follows: author }) };
    return author === undefined ? this.#anybody() : { template: author, from: author };
  }

  /** Who it was when the node was written down. */
  #known(message: TaskMessage, { goesOnFrom, follows }: NodeRecord): Addressee | undefined {
    const from = this.#run(goesOnFrom);
    if (from !== undefined) return { template: from, from };
    const template = this.#beginner(message);
    const author = this.#run(follows);
    if (template === undefined) return this.#anybody();
    return { template, ...(author === undefined ? {} : { follows: author }) };
  }

  /** Of a Task for which no agent has worked. */
  #anybody(): Addressee | undefined {
    const template = this.#nodes().findLast(isRunNode) ?? this.#input.revision.nodes.find(isRunNode);
    return template && { template };
  }

  /** Those whose agents have begun. */
  #past(): RunNode[] {
    const { ended } = this.#input.history;
    return [...this.#runs.values()].filter(({ id }) => hasRun(ended(id) ?? { node: id }));
  }

  /** The run of the agent that is named, where this has not worked yet. */
  #beginner({ node, member }: TaskMessage): RunNode | undefined {
    if (node !== undefined) return this.#run(node);
    if (member === undefined) return undefined;
    const { revision } = this.#input;
    if (memberOf(revision, member) !== undefined) {
      const inputs = { taskPrompt: true, results: [] };
      return memberRun(revision, { id: member, member, needs: [], inputs, workspace: {} });
    }
    const planned = [...this.#unfolded.nodes, ...revision.nodes].filter(isRunNode);
    return planned.find((run) => workerOf(run) === member);
  }

  /** The run whose answer is the Task's; with the name of a step at which no agent works, the one whose answer stood before it. */
  #author(runs: readonly RunNode[], step: string | undefined): RunNode | undefined {
    const { ended } = this.#input.history;
    const isGood = ({ id }: RunNode): boolean => ended(id)?.status === 'COMPLETED';
    const before = step === undefined ? undefined : authorBefore(step, this.#before, { runs, isGood });
    if (before !== undefined) {
      const first = this.#firstOf(before);
      return runs.findLast((run) => this.#firstOf(run) === first);
    }
    const newest = runs.findLast(({ message }) => message !== undefined);
    if (newest !== undefined && isGood(newest)) return newest;
    const { author, outcome } = this.#unfolded;
    return runs.find(({ id }) => id === (author ?? outcome)) ?? answering(this.#nodes(), { runs, isGood });
  }

  /** The node that a session began with. */
  #firstOf(node: RunNode | undefined): string | undefined {
    if (node === undefined) return undefined;
    const known = this.#firsts.get(node.id);
    if (known !== undefined) return known;
    const first = this.#firstOf(this.#run(node.session?.from)) ?? this.#begunFor(node) ?? node.id;
    this.#firsts.set(node.id, first);
    return first;
  }

  /** The step whose agent the run is, which had not worked before. */
  #begunFor({ message, session }: RunNode): string | undefined {
    if (message === undefined || session !== undefined) return undefined;
    return this.#input.history.task.spec.messages?.find(({ id }) => id === message)?.node;
  }

  #followUp(message: TaskMessage, { template, from, follows }: Addressee): RunNode {
    const { prompt, outputSchema, skip: _, on: __, session: ___, judges: ____, ...rest } = template;
    const record = from && this.#input.history.ended(from.id);
    // One that has answered nothing and keeps no session knows nothing of what it was asked.
    const isNew = record?.status !== 'COMPLETED' && record?.result?.['sessionId'] === undefined;
    // A schema of the program is for its own steps; one of the member holds for all that it says.
    const isOwnSchema = outputSchema !== undefined && this.#input.revision.program === undefined;
    const { uses } = template.workspace;
    const before = (from ?? follows)?.id;
    const results = follows === undefined ? template.inputs.results : [answerOf(follows)];
    return {
      ...rest,
      id: followUpNode(message),
      needs: before === undefined ? [] : [before],
      ...(before === undefined ? {} : { on: { [before]: 'always' as const } }),
      ...(from === undefined ? {} : { session: { from: from.id } }),
      ...(isNew && prompt !== undefined ? { prompt } : {}),
      inputs: { taskPrompt: isNew, text: message.text, results: isNew ? results : [] },
      policy: { requireConfirmation: false, onFailure: 'FailTask' },
      workspace: before === undefined ? { uses } : { uses, from: before },
      message: message.id,
      ...(isOwnSchema ? { outputSchema } : {}),
    };
  }
}

/** The node of the words that a fork begins with, if any, in place of what the program would do next. */
function forkWords({ spec: { forkFrom } }: Task): string[] {
  if (forkFrom?.text === undefined) return [];
  return [followUpNode({ number: (forkFrom.messages ?? 0) + 1 })];
}

/** Who answers a message. */
interface Addressee {
  /** A run of that agent. */
  template: RunNode;
  /** Its last run, in whose session it goes on; absent for one that has not worked yet. */
  from?: RunNode;
  /** Of such a one: the run whose answer it is told, and with whose files it begins. */
  follows?: RunNode;
}

const answerOf = ({ id, name }: RunNode) => ({ from: id, label: `The answer of ${name}` });
