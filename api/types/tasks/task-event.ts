/**
 * The event log of a Task: durable, numbered from 1 without gaps, append-only. A client that gives the
 * last `seq` it saw gets exactly the later ones.
 */

export const TASK_EVENT_TYPES = [
  /** A step began, ended or changed phase: data {phase, message?, executor?}. */
  'status',
  /** The agent's words, in order, possibly a part of a sentence: data {text}. */
  'text',
  /** The model's reasoning: data {text}. */
  'thinking',
  /** data {id, name, input}. */
  'tool_call',
  /** data {id, output, isError}; output is cut at 16 KiB with `truncated: true`. */
  'tool_result',
  /** Tokens and money so far: data {inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, costUSD, model}. */
  'usage',
  /** A line a program printed: data {stream, text}. */
  'log',
  /**
   * What the step changed in its repository: data {baseCommit?, headCommit?, branch, filesChanged, commits,
   * uncommittedFiles, diff}. A large diff comes as several events, `part` of `parts`: their `diff` texts one after the other
   * are the patch, and the first has the figures. It has `truncated` and `leftOut: {files, names}` where files are missing.
   */
  'diff',
  /** data {reason, message}. */
  'error',
  /** A person is asked: data {id, kind: Permission|Question, message, tool?, level?, input?, options?}. */
  'request',
  /** The answer to a request: data {id, decision?, message?}. */
  'answer',
  /** Words of a person to the agents: data {id, from, text, policy, node?, member?}. The source is `messages`. */
  'message',
  /** The agent of the step has got such words: data {id}. */
  'message_applied',
  /** The step's outcome, its last event: data {phase, reason?, message?, result?}, result as in Sandbox.status. */
  'result',
] as const;

export type TaskEventType = (typeof TASK_EVENT_TYPES)[number];

/** An event as a source (one Sandbox) hands it in. */
export interface TaskEventInput {
  /** Number given by the source, from 1 without gaps; makes appending idempotent. */
  sourceSeq: number;
  /** RFC 3339 with microseconds. */
  time: string;
  type: TaskEventType;
  data: Record<string, unknown>;
}

/** An event as the log keeps it. */
export interface TaskEvent extends TaskEventInput {
  seq: number;
  /** Name of the Sandbox it came from. */
  source: string;
}

/** Body of POST .../tasks/NAME/log. An empty `events` asks how far the log knows this source. */
export interface TaskEventAppend {
  source: string;
  /** The uid of the Task the caller means: a Task made anew under the same name must not get these. */
  taskUID: string;
  events: TaskEventInput[];
  messages?: TaskMessageInput[];
}

/** Answer to an append: what is durable now. */
export interface TaskEventAppended {
  /** The Task's last seq. */
  lastSeq: number;
  /** The last sourceSeq known of this source; the source may forget everything up to it. */
  lastSourceSeq: number;
  /**
   * The `seq` of this source's last event, whatever other sources wrote since; 0 when it has none. The event itself may
   * have expired.
   */
  lastSourceEventSeq: number;
}

/** One turn of the conversation a Task is. */
export interface TaskMessageInput {
  role: 'USER' | 'ASSISTANT';
  content: string;
  /** RFC 3339 with microseconds. */
  time: string;
}

export interface TaskMessage extends TaskMessageInput {
  /** From 1 without gaps, per Task. */
  id: number;
  source: string;
}
