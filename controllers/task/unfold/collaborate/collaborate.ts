import type { PlannedNode } from '../../graph/graph.ts';
import { endOf } from '../team/ends.ts';
import { memberRun } from '../team/member-run.ts';
import type { Unfold, Unfolded, UnfoldInput } from '../unfold.ts';
import type { CollaborateProgram } from './program.ts';
import { TURN_SCHEMA, isAgreement, readTurn, roundAnswer, transcriptText } from './transcript.ts';
import type { Turn } from './transcript.ts';

const CONCLUSION = 'conclude';

/**
 * The nodes: `say-1-1`, `say-1-2` (the members of the first round), `say-2-1`, and so on, until all agree or the rounds are
 * used up; then the leader concludes, where there is one. Each is told the whole transcript, so that no session is needed.
 */
export const unfoldCollaborate: Unfold = (input) => {
  const program = input.revision.program as CollaborateProgram;
  const nodes: PlannedNode[] = [];
  const transcript: Turn[] = [];
  for (let number = 1; number <= program.maxRounds; number += 1) {
    const turns = speak(input, { number, nodes, transcript });
    if (turns === undefined) return { nodes };
    if (turns.every(({ said }) => 'failed' in said)) {
      return { nodes, failure: `NobodySpoke: in round ${number} the runs of all members failed.` };
    }
    transcript.push(...turns);
    if (isAgreement(turns)) return conclude(input, nodes, transcript);
  }
  if (program.onNoAgreement === 'Conclude') return conclude(input, nodes, transcript);
  return { nodes, failure: `NoAgreement: the members have not agreed within ${program.maxRounds} rounds.` };
};

interface Round {
  number: number;
  /** The runs of a round are added. */
  nodes: PlannedNode[];
  /** Of the rounds before. */
  transcript: readonly Turn[];
}

/** One round. @returns the turns, when all have spoken */
function speak(input: UnfoldInput, { number, nodes, transcript }: Round): Turn[] | undefined {
  const { speakers, order } = input.revision.program as CollaborateProgram;
  const turns: Turn[] = [];
  const before = lastTurns(input, nodes);
  for (const [index, speaker] of speakers.entries()) {
    const id = `say-${number}-${index + 1}`;
    const previous = order === 'Sequential' ? nodes.at(-1)?.id : undefined;
    const own = number === 1 ? undefined : `say-${number - 1}-${index + 1}`;
    const heard = order === 'Sequential' ? [...transcript, ...turns] : transcript;
    nodes.push(
      turnNode(input, {
        id,
        speaker,
        needs: previous === undefined ? before : [previous],
        files: order === 'Sequential' ? previous : own,
        heard,
      }),
    );
    const end = endOf(input.history, id);
    if (end.end === 'open') {
      // The next one has to hear this one first.
      if (order === 'Sequential') return undefined;
      continue;
    }
    const said = end.end === 'failed' ? { failed: end.why } : readTurn(end.output);
    turns.push({ speaker, round: number, said });
  }
  return turns.length === speakers.length ? turns : undefined;
}

/** Ids of the nodes that the next one follows: the last turn, or all those of the last round. */
function lastTurns({ revision }: UnfoldInput, nodes: readonly PlannedNode[]): string[] {
  const { order, speakers } = revision.program as CollaborateProgram;
  return nodes.slice(-(order === 'Sequential' ? 1 : speakers.length)).map(({ id }) => id);
}

interface TurnPlace {
  id: string;
  speaker: string;
  needs: readonly string[];
  /** The node whose files it goes on with. */
  files: string | undefined;
  heard: readonly Turn[];
}

function turnNode({ revision }: UnfoldInput, { id, speaker, needs, files, heard }: TurnPlace) {
  const { speakers, order } = revision.program as CollaborateProgram;
  const others = speakers.filter((name) => name !== speaker);
  const text = [
    `You are ${speaker}. You work on the request above together with ${others.length === 0 ? 'nobody else' : others.join(', ')}, in rounds. Say what you think, take up what the others said, and say whether you agree with what was said.`,
    ...(heard.length === 0 ? [] : [`What was said so far:\n\n${transcriptText(heard)}`]),
  ];
  return memberRun(revision, {
    id,
    member: speaker,
    needs,
    inputs: { taskPrompt: true, text: text.join('\n\n'), results: [] },
    workspace: {
      ...(files === undefined ? {} : { from: files }),
      ...(order === 'Parallel' ? { ownBranch: true } : {}),
    },
    onFailure: 'Continue',
    outputSchema: TURN_SCHEMA,
  });
}

/** Without a leader the answer is what was said last. */
function conclude(input: UnfoldInput, nodes: readonly PlannedNode[], transcript: readonly Turn[]): Unfolded {
  const { leader, speakers, order } = input.revision.program as CollaborateProgram;
  const last = nodes.at(-1)?.id;
  if (leader === undefined || last === undefined) {
    return { nodes, answer: roundAnswer(transcript.slice(-speakers.length)) };
  }
  const conclusion = memberRun(input.revision, {
    id: CONCLUSION,
    member: leader,
    needs: lastTurns(input, nodes),
    inputs: {
      taskPrompt: true,
      text: `The members of your team have talked about the request above. Give the answer that follows from what they said.\n\n${transcriptText(transcript)}`,
      results: [],
    },
    workspace: order === 'Sequential' ? { from: last } : {},
  });
  return { nodes: [...nodes, conclusion], author: CONCLUSION };
}
