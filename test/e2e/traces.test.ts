import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { commandsFor } from '../kit/command.ts';
import type { Commands } from '../kit/command.ts';
import { manifests, SECRET_KEY, task, teamManifests } from '../kit/manifests.ts';
import { modelService } from '../kit/model-script.ts';
import { otlpReceiver, spanTree } from '../kit/otlp-receiver.ts';
import type { OtlpReceiver, ReceivedSpan } from '../kit/otlp-receiver.ts';
import { startServer } from '../kit/troupe-process.ts';
import type { TroupeServer } from '../kit/troupe-process.ts';

/** One Task is one trace, over the wire, from the request that made it to the call of a tool. */
const PROMPT = 'the words of the prompt';
const SCRIPT = `
rules:
  - when: { hasToolResult: true }
    reply: done
  - when: { offersTool: Bash, contains: ${PROMPT} }
    toolCall: { name: Bash, input: { command: echo the-output-of-the-tool } }
  - reply: a title
`;

/** A hook of Node that says when a module of OpenTelemetry is loaded, but for the API, which prom-client loads. */
const LOADED = 'loaded a module of OpenTelemetry';
const HOOK = `import { registerHooks } from 'node:module';
let isTold = false;
registerHooks({ load(url, context, next) {
  if (/@opentelemetry.(?!api.)/.test(url) && !isTold) isTold = process.stderr.write('${LOADED}\\n') || true;
  return next(url, context);
} });`;
const TELLS_OF_OPENTELEMETRY = {
  NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(HOOK)}`,
};

interface TaskObject {
  metadata: { uid: string; annotations: Record<string, string>; managedFields: unknown[] };
}

const stack = new AsyncDisposableStack();
let receiver: OtlpReceiver;
let server: TroupeServer;
let commands: Commands;
let trace: ReceivedSpan[];
let created: TaskObject;

const named = (name: string): ReceivedSpan[] => trace.filter((span) => span.name.startsWith(name));

beforeAll(async () => {
  const dataDir = path.join(stack.use(await temporaryFolder('traces')).path, 'data');
  const model = stack.use(await modelService(SCRIPT));
  receiver = stack.use(await otlpReceiver());
  const env = {
    ...TELLS_OF_OPENTELEMETRY,
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_BSP_SCHEDULE_DELAY: '100',
  };
  server = stack.use(await startServer({ dataDir, env, flags: ['--log-level', 'info'] }));
  commands = commandsFor(server.kubeconfig);
  await commands.apply(teamManifests({ name: 'traced', modelURL: model.url }));
  const manifest = manifests(task({ name: 'traced', team: 'traced', prompt: PROMPT }));
  await commands.apply(manifest);
  await commands.mustKubectl([
    ...['wait', 'task/traced', '--for=jsonpath={.status.status}=COMPLETED', '--timeout=120s'],
  ]);
  created = await commands.get<TaskObject>('task', 'traced');
  expect(await commands.apply(manifest), 'the note is nobody’s change').toContain('unchanged');
  const [, traceID = ''] = (created.metadata.annotations['agent.wecode.io/traceparent'] ?? '').split('-');
  const ofTask = (): ReceivedSpan[] => receiver.spans.filter((span) => span.traceId === traceID);
  await receiver.until(() =>
    ['task', 'sandbox'].every((name) => ofTask().some((span) => span.name === name)),
  );
  trace = ofTask();
});
afterAll(() => stack.disposeAsync());

describe('the trace of a Task', () => {
  it('is one tree, from the request to the tool', () => {
    const tree = spanTree(trace);
    expect(tree).toHaveLength(trace.length);
    const line = (text: string): unknown =>
      expect.stringMatching(new RegExp(`^${text} \\[troupe-server\\]$`));
    const tasks = 'POST /apis/agent[.]wecode[.]io/v1/namespaces/\\{namespace\\}/tasks';
    expect(tree[0]).toEqual(line(tasks));
    expect(tree).toEqual(
      expect.arrayContaining([
        line('  commit'),
        line('  task'),
        line('    reconcile task'),
        line('      POST /apis/agent[.]wecode[.]io/v1alpha1/namespaces/\\{namespace\\}/sandboxes'),
        line('        commit'),
        line('    sandbox'),
        ...['place', 'claim', 'start', 'ready', 'run'].map((phase) => line(`      sandbox ${phase}`)),
        line('      invoke_agent worker'),
        line('        chat claude-sonnet-4-5'),
        line('        execute_tool Bash'),
      ]),
    );
    // A person can read it.
    expect(tree.length).toBeLessThan(60);
  });

  it('has spans that lie in each other, as long as what they are', () => {
    const [all] = named('task');
    const [sandbox] = named('sandbox');
    const [agent] = named('invoke_agent');
    const inOrder = [all?.startedAt, sandbox?.startedAt, agent?.startedAt, agent?.endedAt, all?.endedAt];
    expect(inOrder).toEqual(inOrder.toSorted((a, b) => (a ?? 0) - (b ?? 0)));
  });

  it('says what models and tools took, in the words of the semantic conventions', () => {
    expect(named('chat')[0]?.attributes).toMatchObject({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'anthropic',
      'gen_ai.request.model': 'claude-sonnet-4-5',
      'gen_ai.usage.input_tokens': expect.any(Number),
      'gen_ai.usage.output_tokens': expect.any(Number),
      'http.response.status_code': 200,
      'server.address': '127.0.0.1',
    });
    expect(named('execute_tool')[0]?.attributes).toMatchObject({
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': 'Bash',
    });
    expect(named('task')[0]?.attributes).toMatchObject({
      'troupe.task.name': 'traced',
      'troupe.task.uid': created.metadata.uid,
      'troupe.task.status': 'COMPLETED',
    });
    expect(trace.filter(({ isError }) => isError)).toEqual([]);
  });

  it('holds no prompt, no key and nothing of what tools say', () => {
    const text = JSON.stringify(receiver.spans);
    for (const secret of [PROMPT, SECRET_KEY, 'the-output-of-the-tool']) expect(text).not.toContain(secret);
  });

  it('is named by the lines of the log', () => {
    const line = server.process
      .output()
      .split('\n')
      .find((one) => one.includes('run ended'));
    expect(JSON.parse(line ?? '{}')).toMatchObject({
      sandbox: expect.stringMatching(/^default\/traced-.*-a1$/),
      trace_id: trace[0]?.traceId,
      span_id: named('sandbox').find(({ name }) => name === 'sandbox')?.spanId,
    });
  });

  it('leaves no other traces of what processes do by the clock', () => {
    const roots = receiver.spans.filter(({ parentSpanId }) => parentSpanId === '');
    for (const { name } of roots) expect(name).not.toMatch(/leases|executors|status/);
  });
});

describe('a server that nobody asks for traces', () => {
  it('loads nothing of OpenTelemetry, and notes nothing with a Task', async () => {
    expect(server.process.output()).toContain(LOADED);
    await using folder = await temporaryFolder('untraced');
    await using untraced = await startServer({
      dataDir: path.join(folder.path, 'data'),
      env: TELLS_OF_OPENTELEMETRY,
    });
    const plain = commandsFor(untraced.kubeconfig);
    await plain.apply(manifests(task({ name: 'plain', team: 'missing', prompt: PROMPT })));
    const { metadata } = await plain.get<TaskObject>('task', 'plain');
    expect(Object.keys(metadata.annotations)).toEqual(['kubectl.kubernetes.io/last-applied-configuration']);
    expect(untraced.process.output()).not.toContain(LOADED);
  });
});

describe('a variable of OpenTelemetry that is wrong', () => {
  it('ends the start, with its name and what is supported', async () => {
    await using folder = await temporaryFolder('wrong-traces');
    const env = { OTEL_TRACES_EXPORTER: 'zipkin' };
    await expect(startServer({ dataDir: path.join(folder.path, 'data'), env })).rejects.toThrow(
      'OTEL_TRACES_EXPORTER is "zipkin"; supported: otlp, console, none',
    );
  });
});
