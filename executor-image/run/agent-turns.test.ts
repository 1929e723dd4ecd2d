import { describe, expect, it } from 'vitest';
import type { AdapterCapabilities, AgentAdapter, AgentRequest } from '../adapters/adapter.ts';
import { madeUpContext } from '../adapters/made-up-context.ts';
import type { Told } from '../adapters/made-up-context.ts';
import { RunFailure } from '../run-failure.ts';
import { takeTurns } from './agent-turns.ts';

const CAPABILITIES: AdapterCapabilities = {
  files: false,
  modelProtocols: [],
  session: 'none',
  steer: false,
  interrupt: false,
  permissions: false,
  output: 'prompted',
  images: false,
  skills: 'listed',
  usage: 'none',
};
const schema = { type: 'object', required: ['n'], properties: { n: { type: 'integer' } } };

interface TalkOptions {
  request?: Partial<AgentRequest>;
  capabilities?: Partial<AdapterCapabilities>;
  refusal?: RunFailure;
}

function talk(answers: string[], { request, capabilities, refusal }: TalkOptions = {}) {
  const asked: AgentRequest[] = [];
  const told: Told[] = [];
  const adapter: AgentAdapter = {
    capabilities: { ...CAPABILITIES, ...capabilities },
    run(turn) {
      asked.push(turn);
      return Promise.resolve({ value: answers[asked.length - 1] ?? '' });
    },
  };
  let turns = 0;
  const done = takeTurns({
    adapter,
    request: {
      shell: { type: 'Chat' },
      agent: { name: 'a' },
      prompt: 'p',
      timeoutSeconds: 60,
      ...request,
    },
    context: madeUpContext(told),
    sessionId: () => 's1',
    onTurnEnd: () => void (turns += 1),
    refusal: () => refusal,
  });
  return { done, asked, told, turns: () => turns };
}

describe('an answer that has to fit a schema', () => {
  it('is not mended when the run has used up what it may', async () => {
    const refusal = new RunFailure('TokenLimit', 'too much');
    const { done, asked } = talk(['no'], { request: { output: { schema } }, refusal });
    await expect(done).rejects.toBe(refusal);
    expect(asked).toHaveLength(1);
  });

  it.each([
    { answer: '{"n": 1}', why: 'plain JSON' },
    { answer: 'Here it is:\n```json\n{"n": 1}\n```\n', why: 'its only code block' },
  ])('fits: $why', async ({ answer }) => {
    const { done, asked } = talk([answer], { request: { output: { schema } } });
    expect(await done).toEqual({ value: answer, output: { n: 1 } });
    expect(asked[0]?.prompt).toContain('JSON Schema');
  });

  it('is mended, or the run fails, where a status cannot hold it', async () => {
    const large = JSON.stringify({ n: 1, more: 'ä'.repeat(40_000) });
    const problem = `it has ${Buffer.byteLength(large)} bytes as JSON, and may have 65536`;
    const mended = talk([large, '{"n": 2}'], { request: { output: { schema } } });
    expect(await mended.done).toMatchObject({ output: { n: 2 } });
    expect(mended.asked[1]?.prompt).toContain(problem);
    const again = talk([large, large], { request: { output: { schema } } });
    await expect(again.done).rejects.toThrow(
      new RunFailure('OutputInvalid', `the answer does not fit its schema: ${problem}`),
    );
  });

  it('is mended in one more turn, of the same session where there is one', async () => {
    const { done, asked, turns } = talk(['{"n": "one"}', '{"n": 2}'], {
      request: { output: { schema } },
      capabilities: { session: 'resume', output: 'native' },
    });
    expect(await done).toMatchObject({ output: { n: 2 } });
    expect(asked[0]?.prompt, 'the program itself tells the model').toBe('p');
    expect(asked[1]).toMatchObject({ session: { id: 's1' } });
    expect(asked[1]?.prompt).toContain('/n must be integer');
    expect(turns()).toBe(2);
  });

  it('tells the whole story where no session is kept', async () => {
    const { done, asked } = talk(['no', '{"n": 2}'], { request: { output: { schema } } });
    await done;
    expect(asked[1]?.session).toBeUndefined();
    expect(asked[1]?.prompt).toMatch(/^p\n[\s\S]*it is not JSON/);
  });

  it('fails after the second wrong one', async () => {
    const { done, asked } = talk(['no', '{}', '{"n": 2}'], { request: { output: { schema } } });
    await expect(done).rejects.toMatchObject({
      reason: 'OutputInvalid',
      message: "the answer does not fit its schema: the value must have required property 'n'",
    });
    expect(asked).toHaveLength(2);
  });

  it('a schema that is none fails at once', async () => {
    const { done, asked } = talk([], { request: { output: { schema: { type: 'nothing' } } } });
    await expect(done).rejects.toMatchObject({ reason: 'StartFailed' });
    expect(asked).toEqual([]);
  });
});

it('a session that goes on after people have answered begins with their answers', async () => {
  const { done, asked } = talk(['ok'], {
    request: {
      session: { id: 's0' },
      answers: [
        { id: '1', decision: 'allow', question: { id: '1', kind: 'Permission', message: 'm', tool: 'Bash' } },
        { id: '2', message: 'blue', question: { id: '2', kind: 'Question', message: 'Which colour?' } },
      ],
    },
  });
  await done;
  expect(asked[0]?.prompt).toBe(
    'You may use Bash as you have asked. Do it now, with the same input, and go on.\nAnswer to "Which colour?": blue',
  );
});

describe('an output that nobody can mend', () => {
  const capabilities = { output: 'fixed' } as const;

  it('is held to its schema, and nothing is done a second time', async () => {
    const { done, asked } = talk(['{"n": "x"}', '{"n": 1}'], {
      request: { output: { schema } },
      capabilities,
    });
    await expect(done).rejects.toMatchObject({ reason: 'OutputInvalid' });
    expect(asked.map(({ prompt }) => prompt)).toEqual(['p']);
  });
});

it('an answer without a bottom does not fit, and harms nobody', async () => {
  const deep = `{"n": 1, "m": ${'['.repeat(30_000)}${']'.repeat(30_000)}}`;
  const { done } = talk([deep, deep], { request: { output: { schema } } });
  await expect(done).rejects.toThrow('the answer does not fit its schema: it has more than 100 levels');
});
