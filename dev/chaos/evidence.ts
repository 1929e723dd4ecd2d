/** The facts about a run with troubles that the checks judge: all of them seen from outside. */
export interface Evidence {
  tasks: readonly TaskSeen[];
  /** The log of the scripted model. */
  calls: readonly CallSeen[];
  /** The log of the tool server: each line is a thing that an agent has done and that cannot be undone. */
  effects: readonly EffectSeen[];
  /** The log of the service that fixed actions call. */
  requests: readonly RequestSeen[];
  /** Names of all Tasks that were handed in. */
  handedIn: readonly string[];
}

/** A Task as the API shows it at the end. */
export interface TaskSeen {
  name: string;
  status: string;
  /** Why, where it has failed. */
  message?: string;
  /** Its result. */
  value?: string;
  steps: readonly StepSeen[];
  /** Its event log, in order. */
  log: readonly { seq: number; source: string; sourceSeq: number }[];
}

/** The record of one node. */
export interface StepSeen {
  node: string;
  title: string;
  status: string;
  /** Whether a fork has it from another Task: no attempt at it is its own. */
  isTakenOver?: boolean;
  /** Started so often. */
  attempts: number;
  /** uids of the Sandboxes of its attempts as far as they were seen, the first one first. */
  sandboxes: readonly string[];
}

/** A call of the scripted model. */
export interface CallSeen {
  /** uid of the Sandbox that has called. */
  sandbox: string;
  /** The Task that the prompt is about. */
  task: string | undefined;
  /** Milliseconds. */
  from: number;
  to: number;
}

export interface EffectSeen {
  task: string;
  step: string;
  sandbox: string;
  /** Milliseconds. */
  at: number;
}

/** A step has asked for something. */
export interface RequestSeen {
  task: string;
  step: string;
  /** The same for all attempts at the step. */
  key: string;
  /** Milliseconds. */
  at: number;
}
