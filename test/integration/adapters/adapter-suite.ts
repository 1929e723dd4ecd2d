import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RunEvent, RunState } from '#executor-manager/protocol/run';
import { file, SKILL_TEXT } from '#skill-packages/made-up';
import { packFiles } from '#skill-packages/skill-package';
import { gitRepository } from '../../kit/git-repository.ts';
import { recordedModel } from '../../kit/model-requests.ts';
import type { RecordedModel } from '../../kit/model-requests.ts';
import { collect, firstEvent } from '../../kit/runner.ts';
import type { RunWithModel } from '../../kit/runner.ts';
import type { Ability, AdapterRow, SuiteRunner } from './adapter-row.ts';
import { adapterScript, SERVER } from './adapter-script.ts';
import { ON_THIS_MACHINE } from './suite-places.ts';

/** A dot, as a PNG. */
const IMAGE =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

const SCHEMA = { type: 'object', required: ['n'], properties: { n: { type: 'integer' } } };

/** One suite of cases for all adapters, with the real program and a scripted model behind the real forwarder. */
export function adapterSuite(row: AdapterRow): void {
  const { adapter, command, lacks = {}, place = ON_THIS_MACHINE } = row;
  const { startRunner } = place;
  const { capabilities } = adapter;
  const { type } = row.shell;
  const nameOfCommand = command?.name ?? command?.tool;
  let model: RecordedModel;
  let runner: SuiteRunner;
  let runs = 0;

  beforeAll(async () => {
    model = await (row.service?.() ?? recordedModel(adapterScript(row)));
  });
  afterAll(() => model[Symbol.asyncDispose]());
  // A case that fails leaves nothing to the next one.
  beforeEach(async () => {
    runner = await startRunner();
  });
  afterEach(() => runner[Symbol.asyncDispose]());

  const modelOf = (name: string): RunWithModel['model'] & object => ({
    ...{ protocol: row.protocol, name, baseURL: model.url, apiKey: 'sk-real-key' },
  });
  const request = (prompt: string, more: Partial<RunWithModel> = {}): RunWithModel => ({
    shell: row.shell,
    agent: { name: 'Ada', systemPrompt: 'You are careful.' },
    model: modelOf('scripted-model'),
    prompt,
    timeoutSeconds: 60,
    ...more,
  });
  /** Of this run of the tests alone: processes of a run are found by its id. */
  const newId = (): string => {
    runs += 1;
    return `${type}-${process.pid}-${runs}`;
  };
  const finish = (
    prompt: string,
    more?: Partial<RunWithModel>,
  ): Promise<{ state: RunState; events: RunEvent[] }> => runner.finish(newId(), request(prompt, more));
  /** Starts a run and waits for the event that says that it has come so far. */
  const startUntil = async (
    prompt: string,
    { seen, ...more }: Partial<RunWithModel> & { seen: (event: RunEvent) => boolean },
  ): Promise<string> => {
    const id = newId();
    await runner.start(id, request(prompt, more));
    await firstEvent(runner.events(id), seen);
    return id;
  };
  const ended = async (id: string): Promise<{ state: RunState; events: RunEvent[] }> => {
    const events = await collect(runner.events(id));
    return { state: await runner.state(id), events };
  };
  /** The words of a case, and why this adapter cannot have it. */
  const needs = (can: boolean, why: string): { skip: boolean; note: string } => ({
    skip: !can,
    note: can ? '' : ` (not here: ${why})`,
  });
  /** Nothing is run for a case that the adapter cannot have: the declaration behind it is looked at. */
  const caseOf = (title: string, { skip, note }: { skip: boolean; note: string }, run: () => Promise<void>) =>
    it(`${title}${note}`, skip ? () => expect(note).toMatch(/^ \(not here: \S.*\)$/s) : run);
  const always = needs(true, '');
  /** Of the program, where the adapter itself can. */
  const can = (ability: Ability): { skip: boolean; note: string } =>
    needs(lacks[ability] === undefined, lacks[ability] ?? '');
  const ofTools = needs(command !== undefined, 'it has no tools of its own');
  const ofSessions = needs(capabilities.session !== 'none', 'it keeps no sessions');
  const ofForks = needs(capabilities.session === 'resume and fork', 'its sessions cannot be forked');
  const ofSteering = needs(capabilities.steer && command !== undefined, 'it takes no words while it works');
  const ofImages = capabilities.images ? can('images') : needs(false, 'it hands on no images');
  const ofInstructions = capabilities.files ? can('instructions') : needs(false, 'it has no files');
  const ofSkills =
    row.service === undefined ? can('skills') : needs(false, 'its application is made elsewhere');
  const ofPermissions = needs(
    capabilities.permissions && command !== undefined,
    'it does not ask before its own tools',
  );

  describe('an answer', () => {
    caseOf('begins, is told, and ends with a result', always, async () => {
      const { state, events } = await finish('Hello');
      expect(state, JSON.stringify(events)).toMatchObject({
        phase: 'Succeeded',
        // Where a protocol has no system prompt, the model hears it in front of what is asked.
        result: { value: expect.stringMatching(/^You said (?:You are careful\.\n)?Hello$/), turns: 1 },
      });
      expect(events.map((event) => event.seq)).toEqual(events.map((_, index) => index + 1));
      expect(events[0]).toMatchObject({ type: 'status' });
      expect(events.at(-1)).toMatchObject({ type: 'result', data: { phase: 'Succeeded' } });
      expect(JSON.stringify([events, state])).not.toContain('sk-real-key');
    });

    caseOf('may be thought about', always, async () => {
      const { events } = await finish('think first');
      const thinking = events.filter((event) => event.type === 'thinking');
      expect(thinking.map((event) => event.data['text']).join('')).toContain('Let me see.');
    });

    caseOf(
      'has its tokens in the result, by model',
      needs(/per model|counted/.test(capabilities.usage), `it tells tokens: ${capabilities.usage}`),
      async () => {
        const { state } = await finish('count the tokens');
        const usage = { inputTokens: 1000, outputTokens: 500, cacheReadTokens: 30 };
        expect(state.result).toMatchObject({ usage, models: { 'scripted-model': usage } });
      },
    );

    caseOf(
      'counts although what the agent has started goes on',
      ofTools.skip ? ofTools : can('leaving'),
      async () => {
        const { state } = await finish('leave something behind');
        expect(state, JSON.stringify(state)).toMatchObject({ phase: 'Succeeded' });
      },
    );

    caseOf('may be long', always, async () => {
      const { state, events } = await finish(`say much ${'wörd '.repeat(60_000)}`);
      expect(state.phase, state.message).toBe('Succeeded');
      const said = events.filter((event) => event.type === 'text').map((event) => event.data['text']);
      expect(said.join('').length).toBeGreaterThan(299_000);
    });

    caseOf('to a picture', ofImages, async () => {
      const images = [{ mediaType: 'image/png' as const, data: IMAGE }];
      const { state } = await finish('What is this?', { images });
      expect(state.result?.value, JSON.stringify(state)).toContain('I see image/png');
    });
  });

  describe('no answer', () => {
    const failed = lacks['model errors'];
    const reason = failed === undefined ? 'ModelError' : 'AgentFailed';
    it(`since the service refuses the request is ${reason}${failed === undefined ? '' : ` (${failed})`}`, async () => {
      const { state } = await finish('break');
      expect(state).toMatchObject({ phase: 'Failed', reason });
      expect(state.message).toContain('that is not a request');
    });

    // Programs ask again of themselves: these models never do better.
    caseOf('since the model refuses is ModelRefused', can('endings'), async () => {
      const { state } = await finish('break', { model: modelOf('refusing-model') });
      expect(state).toMatchObject({ phase: 'Failed', reason: 'ModelRefused' });
    });

    caseOf('that is whole is AnswerCut', can('endings'), async () => {
      const { state } = await finish('break', { model: modelOf('wordy-model') });
      expect(state).toMatchObject({ phase: 'Failed', reason: 'AnswerCut' });
    });

    caseOf('in time', always, async () => {
      const { state } = await finish('hang for ever', { timeoutSeconds: 4 });
      expect(state).toMatchObject({ phase: 'Failed', reason: 'TimedOut' });
    });

    caseOf('any more: silence has a limit', always, async () => {
      const { state } = await finish('fall silent', { limits: { idleSeconds: 3 } });
      expect(state).toMatchObject({
        ...{ phase: 'Failed', reason: 'IdleLimit' },
        message: 'the agent gave no sign of life for 3 s',
      });
    });

    caseOf('since its program is killed', ofTools.skip ? ofTools : can('death'), async () => {
      const { state } = await finish('kill yourself', { limits: { idleSeconds: 20 } });
      expect(state, JSON.stringify(state)).toMatchObject({ phase: 'Failed' });
      expect(['AgentFailed', 'AgentKilled']).toContain(state.reason);
    });

    caseOf('since somebody has cancelled it', always, async () => {
      const seen = ({ type: of }: RunEvent): boolean => of === 'text';
      const id = await startUntil('fall silent', { seen });
      await runner.cancel(id);
      const { state } = await ended(id);
      expect(state).toMatchObject({ phase: 'Cancelled' });
    });
  });

  describe('limits', () => {
    caseOf('of turns, and of tokens where it tells them', ofTools, async () => {
      const { state } = await finish('one thing after the other', { limits: { turns: 2 } });
      expect(state).toMatchObject({ phase: 'Failed', reason: 'TurnLimit' });
      if (capabilities.usage === 'none' || can('usage so far').skip) return;
      expect(state.result?.usage, 'what it has used up is told').toBeDefined();
      const spent = await finish('one thing after the other', { limits: { tokens: 1 } });
      expect(spent.state.reason).toBe('TokenLimit');
    });
    caseOf('of what it may cost', needs(row.tellsCost === true, 'it tells no cost'), async () => {
      const { state } = await finish('count the tokens', { limits: { costUSD: 0.000_001 } });
      expect(state.result?.warnings, JSON.stringify(state)).toEqual([expect.stringContaining('limit')]);
    });

    caseOf('of the same call again and again', ofTools, async () => {
      const { state } = await finish('round and round', { limits: { repeatedCalls: 3 } });
      expect(state).toMatchObject({ phase: 'Failed', reason: 'Repetition' });
      expect(state.message).toContain(`called ${nameOfCommand} 3 times in a row`);
    });
  });

  describe('an answer that has to fit a schema', () => {
    it.each([
      { prompt: 'give an object', why: 'at once' },
      { prompt: 'first try a wrong object', why: 'at the second try' },
    ])('$why', async ({ prompt }) => {
      const { state, events } = await finish(prompt, { output: { schema: SCHEMA } });
      expect(state, JSON.stringify(events)).toMatchObject({
        phase: 'Succeeded',
        result: { output: { n: 1 } },
      });
    });

    caseOf('and never does', can('models'), async () => {
      const { state } = await finish('give an object', {
        model: modelOf('stubborn-model'),
        output: { schema: SCHEMA },
      });
      expect(state).toMatchObject({ phase: 'Failed', reason: 'OutputInvalid' });
    });
  });

  describe('while it works', () => {
    const works = ({ type: of }: RunEvent): boolean => of === 'tool_call';

    caseOf('words reach it', ofSteering, async () => {
      model.requests.length = 0;
      const id = await startUntil('work for a while', { seen: works });
      await runner.input(id, { id: 'i1', type: 'message', text: '/compact and turn left' });
      await runner.touch('go');
      const { state } = await ended(id);
      expect(state.phase, state.message).toBe('Succeeded');
      expect(JSON.stringify(model.requests.at(-1)?.body)).toContain('/compact and turn left');
    });

    const ofInterrupts = capabilities.interrupt ? ofTools : needs(false, 'its turn cannot be ended alone');
    const rests = async (id: string): Promise<void> => {
      const { state } = await ended(id);
      expect(state.phase, state.message).toBe('Succeeded');
      expect(JSON.stringify(model.requests.at(-1)?.body)).toContain('leave it and rest');
    };
    const words = { id: 'i2', type: 'message', text: 'leave it and rest' } as const;

    caseOf('words that interrupt may come before it has begun', ofInterrupts, async () => {
      const id = newId();
      await runner.start(id, request('wait with a tool'));
      await runner.input(id, { ...words, interrupt: true });
      await rests(id);
    });

    caseOf('it can be interrupted, and goes on with words', ofInterrupts, async () => {
      const id = await startUntil('wait with a tool', { seen: works });
      await runner.input(id, { id: 'i1', type: 'interrupt' });
      await runner.input(id, words);
      await rests(id);
    });
  });

  describe('a policy', () => {
    const touched = (): Promise<boolean> => runner.has('touched');

    caseOf('denies', ofPermissions, async () => {
      const rules = [{ tool: '*', decision: 'deny' as const }];
      const { state, events } = await finish('touch the file', { permissions: { rules } });
      expect(state.phase, state.message).toBe('Succeeded');
      const hears = !can('reasons of denials').skip;
      if (hears) expect(state.result?.value, JSON.stringify(events)).toContain('The policy does not allow');
      expect(await touched()).toBe(false);
    });

    caseOf('has a person asked, who may allow it', ofPermissions, async () => {
      const seen = ({ type: of }: RunEvent): boolean => of === 'request';
      const permissions = { default: 'ask' as const };
      const id = await startUntil('touch the file', { permissions, seen });
      const [question] = (await runner.state(id)).questions ?? [];
      expect(question).toMatchObject({ kind: 'Permission', tool: nameOfCommand });
      expect(await touched()).toBe(false);
      const answer = { id: question?.id ?? '', decision: 'allow' as const };
      await runner.input(id, { id: 'a1', type: 'answer', answer });
      const { state } = await ended(id);
      expect(state.phase, state.message).toBe('Succeeded');
      expect(await touched()).toBe(true);
    });

    caseOf(
      'lets the agent ask a person',
      needs(row.question !== undefined, 'it has no questions'),
      async () => {
        const seen = ({ type: of }: RunEvent): boolean => of === 'request';
        const id = await startUntil('ask a person', { permissions: { default: 'allow' }, seen });
        const [question] = (await runner.state(id)).questions ?? [];
        expect(question).toMatchObject({
          kind: 'Question',
          message: 'Which colour?',
          options: ['Red', 'Blue'],
        });
        const answer = { id: question?.id ?? '', message: 'Blue' };
        await runner.input(id, { id: 'a1', type: 'answer', answer });
        const { state } = await ended(id);
        expect(state.result?.value).toContain('Blue');
      },
    );
  });

  describe('a session', () => {
    const moves = can('sessions in another folder');
    const where = moves.skip ? `the same folder${moves.note}` : 'another sandbox';
    caseOf(`goes on in ${where}`, ofSessions, async () => {
      const first = await finish('Remember forty-two');
      const session = { id: first.state.result?.sessionId ?? '' };
      await using stack = new AsyncDisposableStack();
      const other = moves.skip ? runner : stack.use(await movedTo());
      model.requests.length = 0;
      const { state } = await other.finish(newId(), request('And now?', { session }));
      expect(state.result?.value, JSON.stringify(state)).toBe('You said And now?');
      expect(state.result?.sessionId).toBe(session.id);
      expect(state.result?.turns, 'counts its own turns').toBe(1);
      expect(JSON.stringify(model.requests.at(-1)?.body)).toContain('Remember forty-two');
    });

    caseOf('can be left as it is', ofForks, async () => {
      const first = await finish('Remember forty-three');
      const id = first.state.result?.sessionId ?? '';
      model.requests.length = 0;
      const { state } = await finish('And now?', { session: { id, fork: true } });
      expect(state.phase, state.message).toBe('Succeeded');
      expect(state.result?.sessionId).not.toBe(id);
      expect(JSON.stringify(model.requests.at(-1)?.body)).toContain('Remember forty-three');
    });

    /** A runner with the work of the first one, as the executor manager moves it. */
    async function movedTo(): Promise<SuiteRunner> {
      const archive = await (await runner.fetch('/v1/workspace')).arrayBuffer();
      const other = await startRunner();
      await other.fetch('/v1/workspace?limit=100000000', { method: 'PUT', body: archive });
      return other;
    }
  });

  describe('what it is given', () => {
    caseOf('tools of MCP servers', needs(capabilities.files, 'it starts no programs'), async () => {
      const echo = { command: place.node, args: ['-e', SERVER] };
      const { state, events } = await finish('use the server', {
        agent: { name: 'a', mcpServers: { echo } },
      });
      expect(state.result?.value, JSON.stringify(events)).toMatch(/^The server said: [\s\S]*hello world/);
      expect(events.filter((event) => event.type === 'tool_call')).toHaveLength(1);
    });

    caseOf('skills', ofSkills, async () => {
      const { zip, contentHash } = await packFiles([file('SKILL.md', SKILL_TEXT)]);
      const hash = contentHash.slice('sha256:'.length);
      const put = { method: 'PUT', body: new Uint8Array(zip) };
      expect((await runner.fetch(`/v1/skills/${hash}?name=pdf`, put)).status).toBe(204);
      const skills = [{ name: 'pdf', hash, description: 'Reads PDF files.' }];
      model.requests.length = 0;
      const { state } = await finish('Hello', { agent: { name: 'Ada', skills } });
      expect(state.phase, state.message).toBe('Succeeded');
      const asked = JSON.stringify(model.requests.map(({ body }) => body));
      // Agents with files hear of it, the others get its instructions.
      expect(/Reads PDF files|Open the file/.test(asked), 'it hears of the skill').toBe(true);
    });

    caseOf('instructions of the repository', ofInstructions, async () => {
      await using repository = await gitRepository({
        ...{ host: place.host, listen: place.listen, files: { 'AGENTS.md': 'Always use tabs.' } },
      });
      await using other = await startRunner();
      model.requests.length = 0;
      const cloned = { gitUrl: repository.url, branch: 'main', workBranch: 'w', timeoutSeconds: 20 };
      const { state } = await other.finish(newId(), request('Hello', { repository: cloned }));
      expect(state.phase, state.message).toBe('Succeeded');
      expect(JSON.stringify(model.requests.at(-1)?.body)).toContain('Always use tabs.');
    });
  });
}
