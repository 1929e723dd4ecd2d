import { answerSchema } from '../../team/answer-schema.ts';
import type { Planner } from '../workflow-program.ts';

/** A step as a leader writes it: the fields of a step of a Collaboration, flat, with empty values for what it does not need. */
export interface WrittenStep {
  /** Of a hybrid workflow: the marked step that this one is a part of. */
  place?: string;
  name: string;
  participant: string;
  prompt: string;
  dependsOn: string[];
  when: string;
  forEach: string;
  outputs: { name: string; type: OutputType }[];
  repeatUntil: string;
  maxIterations: number;
  onFailure: 'Continue' | 'Fail';
  run?: string;
}

export type OutputType = 'boolean' | 'list' | 'number' | 'text';

const text = (description: string) => ({ type: 'string', description });

/** The schema of a plan. */
export function planSchema(planner: Planner, places: readonly string[]): Record<string, unknown> {
  const items = answerSchema({ ...workFields(planner, places), ...FLOW_FIELDS });
  return answerSchema({ steps: { type: 'array', minItems: 1, maxItems: planner.maxSteps, items } });
}

/** The work of a step, and who does it. */
function workFields({ members, actions }: Planner, places: readonly string[]): Record<string, unknown> {
  const names = members.map(({ name }) => name);
  const canRun = actions.includes('script');
  const place = { type: 'string', enum: places, description: 'The place that it is a part of.' };
  const who = `The member who does it${canRun ? '; empty for a step with run' : ''}.`;
  return {
    ...(places.length === 0 ? {} : { place }),
    name: text('Unique; letters, digits and _, beginning with a letter.'),
    participant: { type: 'string', enum: canRun ? [...names, ''] : names, description: who },
    prompt: text(
      'All that the member needs to know. {{steps.NAME.value}} and {{steps.NAME.output.FIELD}} of steps that it depends on, {{item}} and {{iteration}} are replaced.',
    ),
    ...(canRun
      ? { run: text('A shell script in place of a member, in the files of the work; empty for a member.') }
      : {}),
  };
}

/** When a step is done, and how often. */
const FLOW_FIELDS = {
  dependsOn: {
    type: 'array',
    items: { type: 'string' },
    description:
      'Steps that have to end first: NAME, NAME.failure or NAME.always. Others are done side by side.',
  },
  when: text(
    'A CEL condition over steps.NAME.value, steps.NAME.output.FIELD and steps.NAME.status; empty for always.',
  ),
  forEach: text(
    'A CEL list, such as steps.NAME.output.FIELD, for each item of which the step is done; empty for once.',
  ),
  outputs: {
    type: 'array',
    items: answerSchema({
      name: text('Name of a field of the output.'),
      type: {
        type: 'string',
        enum: ['text', 'number', 'boolean', 'list'],
        description: 'A list is one of texts.',
      },
    }),
    description: 'Fields that the answer has to have; empty for an answer in words.',
  },
  repeatUntil: text(
    'A CEL condition over self.value and self.output.FIELD, until which the step is done again; empty for once.',
  ),
  maxIterations: {
    type: 'integer',
    description: 'How often it is done again at most; 0 without repeatUntil.',
  },
  onFailure: {
    type: 'string',
    enum: ['Fail', 'Continue'],
    description: 'Whether its failure ends the work.',
  },
};
