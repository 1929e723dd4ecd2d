import type { SandboxActionScript } from '#api/types/generated/sandbox';
import type { Program } from '../program.ts';

/** A layer over a model of collaboration: how good its answer has to be before it is that of the Task. */
export interface QualityProgram extends Program, Demands {
  kind: 'quality';
  /** How the work itself is done; absent: by the nodes that are known from the start. */
  inner?: Program;
}

/** How good a piece of work has to be. */
export interface Demands {
  bestOf?: BestOf;
  /** In this order. An answer that was corrected passes all of them again. */
  gates: readonly Gate[];
}

/** The program by which the work itself is done. */
export function innerProgram(program: Program | undefined): Program | undefined {
  return program?.kind === 'quality' ? (program as QualityProgram).inner : program;
}

/** The work is done several times, side by side, and one of them is chosen. */
export interface BestOf {
  candidates: number;
  /** Names of members; the candidate with the most of their votes is chosen, of several the first. */
  choosers: readonly string[];
}

/** An answer passes, or goes back to the one who gave it, with guidance. */
export type Gate = ReviewGate | VoteGate | JudgeGate | ScriptGate | ApprovalGate;

interface GateLimits {
  /** How often this gate sends an answer back. */
  maxCorrections: number;
  /** When it still does not pass: the Task fails, or the answer is taken all the same. */
  onRejected: 'Fail' | 'Accept';
}

/** One member accepts, or sends back. */
export interface ReviewGate extends GateLimits {
  kind: 'review';
  reviewer: string;
}

/** Several members say yes or no. */
export interface VoteGate extends GateLimits {
  kind: 'vote';
  voters: readonly string[];
  rule: 'Majority' | 'Unanimity';
  tie: 'Accept' | 'Reject';
}

export interface Criterion {
  name: string;
  description?: string;
  weight: number;
}

/** A member gives scores. */
export interface JudgeGate extends GateLimits {
  kind: 'evaluate';
  judge: string;
  criteria: readonly Criterion[];
  /** From 0 to 1. */
  threshold: number;
}

/** A script decides: its exit code, or the score that it prints. */
export interface ScriptGate extends GateLimits {
  kind: 'script';
  script: SandboxActionScript;
  /** From 0 to 1; for scripts that print a score. */
  threshold: number;
}

/** People accept, or send back, by an Approval with the settings of the Team. */
export interface ApprovalGate extends GateLimits {
  kind: 'approval';
  /** The question to them, as a sentence. */
  message: string;
}
