import { json, member, ONCE, said, TWICE, worked, worker } from './cast.ts';
import type { Agent, Scenario } from '../scenario.ts';

const verdict = (accept: boolean, guidance = ''): string => json({ accept, guidance });

/** The reviewer sends the work back once. */
const review: Scenario = {
  name: 'review',
  agents: {
    author: {
      shell: 'ClaudeCode',
      rules: [
        { when: { contains: ['Say more'] }, steps: worked('author', said('Revised', '{{task}}')) },
        { steps: worked('author', said('Drafted', '{{task}}')) },
      ],
    },
    reviewer: {
      shell: 'Chat',
      rules: [
        { when: { contains: ['Revised for'] }, steps: worked('reviewer', verdict(true)) },
        { steps: worked('reviewer', verdict(false, 'Say more for [[{{task}}]].')) },
      ],
    },
  },
  team: {
    collaborationModel: 'solo',
    members: [member('author'), member('reviewer')],
    quality: { review: { reviewer: 'reviewer', maxCorrections: 2, onRejected: 'Fail' } },
  },
  expected: (task) => ({
    status: 'COMPLETED',
    value: said('Revised', task),
    steps: { author: TWICE, reviewer: TWICE },
  }),
};

const scores = (clarity: number): string =>
  json({ scores: { clarity }, guidance: 'Be clear for [[{{task}}]].' });

/** The first version has too low a score. */
const evaluate: Scenario = {
  name: 'evaluate',
  agents: {
    poet: {
      shell: 'Chat',
      rules: [
        { when: { contains: ['Be clear'] }, steps: worked('poet', said('Cleared', '{{task}}')) },
        { steps: worked('poet', said('Murmured', '{{task}}')) },
      ],
    },
    critic: {
      shell: 'Chat',
      rules: [
        { when: { contains: ['Cleared for'] }, steps: worked('critic', scores(9)) },
        { steps: worked('critic', scores(3)) },
      ],
    },
  },
  team: {
    collaborationModel: 'solo',
    members: [member('poet'), member('critic')],
    quality: {
      evaluate: { judge: 'critic', criteria: [{ name: 'clarity' }], threshold: 0.8, onRejected: 'Fail' },
    },
  },
  expected: (task) => ({
    status: 'COMPLETED',
    value: said('Cleared', task),
    steps: { poet: TWICE, critic: TWICE },
  }),
};

const voter = (name: string, accept: boolean): Agent => ({
  shell: 'Chat',
  rules: [{ steps: worked(name, verdict(accept, 'I do not like it.')) }],
});

/** Of two candidates one is chosen; then two of three say yes. */
const choice: Scenario = {
  name: 'choice',
  agents: {
    creator: worker('creator', 'Created', 'ClaudeCode'),
    chooser: {
      shell: 'Chat',
      rules: [{ steps: worked('chooser', json({ choice: 1, reason: 'It is good.' })) }],
    },
    yes: voter('yes', true),
    no: voter('no', false),
    yeah: voter('yeah', true),
  },
  team: {
    collaborationModel: 'solo',
    members: [member('creator'), ...['chooser', 'yes', 'no', 'yeah'].map((name) => member(name))],
    quality: {
      bestOf: { candidates: 2, choosers: ['chooser'] },
      vote: { voters: ['yes', 'no', 'yeah'], rule: 'Majority', tie: 'Reject' },
    },
  },
  expected: (task) => ({
    status: 'COMPLETED',
    value: said('Created', task),
    steps: { creator: TWICE, chooser: ONCE, yes: ONCE, no: ONCE, yeah: ONCE },
  }),
};

export const QUALITY: readonly Scenario[] = [review, evaluate, choice];
