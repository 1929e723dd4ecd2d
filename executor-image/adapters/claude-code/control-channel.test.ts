import { expect, it } from 'vitest';
import { ControlChannel } from './control-channel.ts';
import type { ControlRequest } from './stream-messages.ts';

type Answer = (request: ControlRequest['request'], gone: AbortSignal) => Promise<Record<string, unknown>>;

function channel(answer: Answer = () => Promise.resolve({})) {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string): void => void lines.push(JSON.parse(line) as Record<string, unknown>);
  return { lines, channel: new ControlChannel({ write, answer }) };
}

const asked = (id: string): ControlRequest => ({
  type: 'control_request',
  request_id: id,
  request: { subtype: 'can_use_tool' },
});
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('our requests get their own answers, in whatever order these come', async () => {
  const { channel: ours, lines } = channel();
  const first = ours.request({ subtype: 'initialize' });
  const second = ours.request({ subtype: 'mcp_status' });
  const [a, b] = lines.map(({ request_id: id }) => String(id));
  ours.takeResponse({
    type: 'control_response',
    response: { subtype: 'error', request_id: 'of nobody', error: 'x' },
  });
  ours.takeResponse({
    type: 'control_response',
    response: { subtype: 'success', request_id: b!, response: { n: 2 } },
  });
  ours.takeResponse({
    type: 'control_response',
    response: { subtype: 'error', request_id: a!, error: 'not that' },
  });
  expect(await second).toEqual({ n: 2 });
  await expect(first).rejects.toMatchObject({ reason: 'AgentFailed', message: 'Claude Code: not that' });
});

it('what is open when the program ends is refused', async () => {
  const { channel: ours } = channel();
  const open = ours.request({ subtype: 'initialize' });
  ours.close();
  await expect(open).rejects.toMatchObject({ message: 'Claude Code has ended without an answer' });
});

it('a question is answered once, however often it is asked, with an error where there is no answer', async () => {
  const answers = [Promise.resolve({ behavior: 'allow' }), Promise.reject(new Error('nobody knows'))];
  const { channel: ours, lines } = channel(() => answers.shift() ?? Promise.resolve({}));
  ours.takeRequest(asked('q1'));
  ours.takeRequest(asked('q1'));
  ours.takeRequest(asked('q2'));
  await turn();
  expect(lines).toEqual([
    {
      type: 'control_response',
      response: { subtype: 'success', request_id: 'q1', response: { behavior: 'allow' } },
    },
    { type: 'control_response', response: { subtype: 'error', request_id: 'q2', error: 'nobody knows' } },
  ]);
});

it('a question that was withdrawn is not answered, and whoever looks for the answer hears of it', async () => {
  const { channel: ours, lines } = channel(
    (_, gone) =>
      new Promise((_resolve, reject) => {
        gone.addEventListener('abort', () => reject(gone.reason as Error));
      }),
  );
  ours.takeRequest(asked('q1'));
  ours.takeCancel('q1');
  ours.takeCancel('of nobody');
  await turn();
  expect(lines).toEqual([]);
});
