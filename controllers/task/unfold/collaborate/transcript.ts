import { fieldsOf } from '#api/machinery/json/json';
import { answerSchema } from '../team/answer-schema.ts';

/** One speaker's turn. */
export interface Turn {
  speaker: string;
  round: number;
  said: { message: string; agrees: boolean } | { failed: string };
}

export const TURN_SCHEMA = answerSchema({
  message: { type: 'string', description: 'What you say to the others.' },
  agree: {
    type: 'boolean',
    description: 'True when the request is answered by what was said, and nothing has to be added.',
  },
});

/** Reads what the run of a speaker has answered. */
export function readTurn(output: unknown): Turn['said'] {
  const { message, agree } = fieldsOf(output);
  if (typeof message !== 'string') return { failed: 'It said nothing that can be read.' };
  return { message, agrees: agree === true };
}

/** Whether all who spoke in these turns agree; turns that failed say nothing. */
export function isAgreement(turns: readonly Turn[]): boolean {
  const said = turns.flatMap(({ said: one }) => ('failed' in one ? [] : [one.agrees]));
  return said.length > 0 && said.every(Boolean);
}

export function transcriptText(turns: readonly Turn[]): string {
  return turns.map(turnText).join('\n\n');
}

function turnText({ speaker, round, said }: Turn): string {
  const words = 'failed' in said ? '(could not speak)' : said.message;
  return `${speaker} (round ${round}): ${words}`;
}

/** The last words of a round, each under the name of its speaker. */
export function roundAnswer(turns: readonly Turn[]): string {
  return turns
    .flatMap(({ speaker, said }) => ('failed' in said ? [] : [`${speaker}: ${said.message}`]))
    .join('\n\n');
}
