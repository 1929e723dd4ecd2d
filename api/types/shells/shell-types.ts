import { startsPrograms } from '../action.ts';
import type { SandboxSpec } from '../generated/sandbox.ts';
import type { ShellSpec } from '../generated/shell.ts';
import type { ModelProtocol } from '../models/model-config.ts';

/** The programs that run agents, as crds/shells.yaml lists them. */
export type ShellType = NonNullable<ShellSpec['shellType']>;

export interface ShellTypeFacts {
  /** The protocols of the Models it can use; empty when it calls no Model. */
  modelProtocols: readonly ModelProtocol[];
  /** Whether a Bot has to name a Model. */
  needsModel: boolean;
  /**
   * `unused`: it only talks, a clone would be made for nothing. `used`: it works in the Task's repository when
   * there is one. `required`: likewise, and a Task must name a Workspace unless the Shell says otherwise.
   * No type is `required`: manifests with a ClaudeCode Shell and no Workspace are in use.
   */
  repository: 'unused' | 'used' | 'required';
  /** Whether it runs code of its own in files, so that it needs an isolated file system. */
  needsContainer: boolean;
  /** Whether its agent takes words of people while it works. */
  steer: boolean;
}

/**
 * All that is known of the shell types, in one place. The image and the protocol with it cannot import this
 * table; test/shell-types.test.ts holds them, and the CRDs, to it.
 */
export const SHELL_TYPES: Readonly<Record<ShellType, ShellTypeFacts>> = {
  ClaudeCode: {
    modelProtocols: ['anthropic'],
    needsModel: true,
    repository: 'used',
    needsContainer: true,
    steer: true,
  },
  Agno: {
    modelProtocols: ['anthropic', 'openai', 'openai-responses'],
    needsModel: true,
    repository: 'used',
    needsContainer: true,
    steer: false,
  },
  /** An application at a Dify service, which has its own model; the Model of a Bot says which and with what key. */
  Dify: {
    modelProtocols: ['dify'],
    needsModel: true,
    repository: 'unused',
    needsContainer: false,
    steer: false,
  },
  Chat: {
    modelProtocols: ['anthropic', 'openai', 'openai-responses'],
    needsModel: true,
    repository: 'unused',
    needsContainer: false,
    steer: true,
  },
  /** It speaks the Responses API only, and asks a Model of either form there: manifests say `openai`. */
  Codex: {
    modelProtocols: ['openai', 'openai-responses'],
    needsModel: true,
    repository: 'used',
    needsContainer: true,
    steer: true,
  },
  /** An agent that speaks the Agent Client Protocol; `command` of the Shell starts it. */
  ACP: {
    modelProtocols: ['anthropic', 'openai', 'openai-responses'],
    needsModel: false,
    repository: 'used',
    needsContainer: true,
    steer: true,
  },
  /** Any program; `command` of the Shell starts it. */
  Command: {
    modelProtocols: ['anthropic', 'openai', 'openai-responses'],
    needsModel: false,
    repository: 'used',
    needsContainer: true,
    steer: false,
  },
};

/** The program in force, whichever of the two spellings names it; undefined when neither does. */
export function shellTypeOf({ shellType, runtime }: ShellSpec): ShellType | undefined {
  return shellType ?? runtime;
}

/**
 * Whether a run only talks, so that it can share a process with others: its Shell or its action runs no code of its own,
 * and nobody has asked for an image or for files.
 */
export function isConversation(spec: Pick<SandboxSpec, 'action' | 'probe' | 'shell' | 'workspace'>): boolean {
  const { probe, shell, workspace } = spec;
  if (probe !== undefined || workspace !== undefined) return false;
  return !worksInFiles(spec) && shell?.image === undefined;
}

/** Whether what runs has files of its own, a workspace aside. */
export function worksInFiles({ action, shell }: Pick<SandboxSpec, 'action' | 'shell'>): boolean {
  if (action !== undefined) return startsPrograms(action);
  return shell === undefined || SHELL_TYPES[shell.type].needsContainer;
}

/** Whether a Task needs a Workspace for this Shell. */
export function requiresWorkspace(spec: ShellSpec): boolean {
  const type = shellTypeOf(spec);
  return spec.requiresWorkspace ?? (type !== undefined && SHELL_TYPES[type].repository === 'required');
}
