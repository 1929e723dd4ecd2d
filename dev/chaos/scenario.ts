import type { CollaborationSpec } from '#api/types/generated/collaboration';
import type { ApprovalStatus } from '#api/types/generated/approval';
import type { TaskSpec } from '#api/types/generated/task';
import type { TeamSpec } from '#api/types/generated/team';
import type { Task } from '#api/types/generated/task';
import type { Desk } from './desk.ts';
import type { PersistentClient } from './persistent-client.ts';

/** Whoever does a deed, and all that he has at hand. */
export interface Person {
  user: PersistentClient;
  desk: Desk;
  /** Creates one more Task, unless it is there. */
  handIn: (task: string, scenario: TaskScenario) => Promise<void>;
}

/** Something that people do about a Task. The deeds of a scenario come one after the other. */
export interface Deed {
  /** Whether its time has come; at once when absent. */
  when?: (task: Task) => boolean;
  /** It happens within so many milliseconds then, at a moment that the seed says. At once when absent. */
  withinMs?: number;
  /** Its requests are sent again until there is an answer: the second one of them must change nothing. */
  act: (person: Person, task: Task) => Promise<void>;
}

/** A way in which a Team works, with agents whose every word is scripted, and how it has to end whatever happens meanwhile. */
export interface Scenario {
  /** Name of the Team; a DNS label. */
  name: string;
  /** The agents by name; a member of the Team names one of them as its Bot. */
  agents: Readonly<Record<string, Agent>>;
  team: TeamSpec;
  /** The workflow that the Team works by; it has the name of the Team. `desk` is the address of the service for actions. */
  workflow?: (desk: string) => CollaborationSpec;
  /** More of each Task. */
  task?: Partial<TaskSpec>;
  /** The acts of people on each Task, in order. */
  deeds?: readonly Deed[];
  /** The decision of people when they are asked; Approved when absent. */
  decision?: Pick<ApprovalStatus, 'decision' | 'reason'>;
  /** The legal outcomes: several where chance decides. `undefined` where a person has removed the Task. */
  expected: (task: string) => Expectation | readonly Expectation[] | undefined;
}

/** The facts about a single Task; `name` is that of its Team. */
export type TaskScenario = Pick<Scenario, 'decision' | 'deeds' | 'expected' | 'name' | 'task'>;

export interface Agent {
  shell: 'Chat' | 'ClaudeCode';
  /** Its answers, by rules of the scripted model that hold for this agent only. `{{task}}` is the name of the Task. */
  rules: readonly AgentRule[];
}

/** A rule as docs/model-server.md has it. */
export interface AgentRule {
  when?: Record<string, unknown>;
  steps: readonly Record<string, unknown>[];
}

export interface Expectation {
  status: 'COMPLETED' | 'FAILED' | 'CANCELLED';
  /** The result. */
  value?: string;
  /** Stands in the message of one that has failed. */
  message?: string;
  /** The ends of the nodes, by their titles; TAKEN_OVER for one that a fork has from another Task. */
  steps: Readonly<Record<string, readonly string[]>>;
  /** Titles of steps that ask the desk: once in each attempt at most, with one key. */
  asks?: readonly string[];
  /** Titles of steps that have no effect, though they end well. */
  withoutEffect?: readonly string[];
}

/** The end of a step that another Task has done. */
export const TAKEN_OVER = ['COMPLETED by another Task'] as const;
