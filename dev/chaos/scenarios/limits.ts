import { MAX_ATTEMPTS } from '../manifests.ts';
import { chained, leader, ONCE, said, worked } from './cast.ts';
import type { Agent, Scenario } from '../scenario.ts';

const USE = { usage: { inputTokens: 300, outputTokens: 100 } };

/** Uses 800 tokens up. */
const spender = (name: string, what: string): Agent => {
  const [effect, answer] = worked(name, said(what, '{{task}}'));
  return {
    shell: 'Chat',
    rules: [
      {
        steps: [
          { ...effect, ...USE },
          { ...answer, ...USE },
        ],
      },
    ],
  };
};

/** The budget is enough for the first agent only: people grant another one, as often as that is needed. */
const spend: Scenario = {
  name: 'spend',
  agents: { saver: spender('saver', 'Saved'), waster: spender('waster', 'Wasted') },
  team: { collaborationModel: 'pipeline', members: [chained('saver'), chained('waster')] },
  task: { tokenBudget: 1_000, onBudgetExceeded: 'Ask' },
  expected: (task) => ({
    status: 'COMPLETED',
    value: said('Wasted', task),
    steps: { saver: ONCE, waster: ONCE },
  }),
};

/** The model fails twice; the policy of the Task has the step tried again, later each time. */
const busy: Scenario = {
  name: 'busy',
  agents: {
    waiter: {
      shell: 'Chat',
      rules: [
        { when: { toolResult: 'it is broken' }, steps: [{ error: { status: 400, message: 'broken' } }] },
        { when: { toolResult: 'all is well' }, steps: [worked('waiter', '')[0] ?? {}] },
        { when: { tool: 'mcp__effects__note' }, steps: [{ reply: said('Waited', '{{task}}') }] },
        {
          steps: [
            {
              toolCall: {
                name: 'mcp__effects__check',
                input: { task: '{{task}}', step: 'waiter', failures: 2 },
              },
            },
          ],
        },
      ],
    },
  },
  team: { collaborationModel: 'solo', members: [leader('waiter')] },
  task: { retryPolicy: { maxAttempts: MAX_ATTEMPTS, reasons: ['*'], initialDelaySeconds: 1, factor: 1.5 } },
  expected: (task) => ({ status: 'COMPLETED', value: said('Waited', task), steps: { waiter: ONCE } }),
};

/** An agent that never ends is stopped by its time. */
const hang: Scenario = {
  name: 'hang',
  agents: { hanger: { shell: 'Chat', rules: [{ steps: [{ hang: true }] }] } },
  team: { collaborationModel: 'solo', members: [leader('hanger')] },
  task: { timeoutSeconds: 4 },
  expected: () => ({ status: 'FAILED', message: 'TimedOut', steps: { hanger: ['FAILED'] } }),
};

/** Limits of Tasks, and what they do about failures. */
export const LIMITS: readonly Scenario[] = [spend, busy, hang];
