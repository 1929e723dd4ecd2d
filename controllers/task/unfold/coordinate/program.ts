import type { Program } from '../program.ts';
import type { RosterEntry } from '../team/roster.ts';

/** The leader splits the work in rounds. */
export interface CoordinateProgram extends Program {
  kind: 'coordinate';
  leader: string;
  roster: readonly RosterEntry[];
  /** How often the leader may give assignments. */
  maxRounds: number;
  /** In all rounds. */
  maxAssignments: number;
  /** How many members work at the same time. */
  parallelism: number;
  onMemberFailure: 'Fail' | 'Skip';
  /** How often a failed assignment runs again first. */
  memberRetries: number;
}
