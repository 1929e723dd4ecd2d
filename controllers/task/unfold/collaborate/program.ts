import type { Program } from '../program.ts';

/** All speak in rounds, with one transcript. */
export interface CollaborateProgram extends Program {
  kind: 'collaborate';
  /** Gives the answer when the members have agreed; absent: the answer is what they said last. */
  leader?: string;
  /** Those who speak, in this order. */
  speakers: readonly string[];
  maxRounds: number;
  order: 'Sequential' | 'Parallel';
  onNoAgreement: 'Conclude' | 'Fail';
}
