import type { IncomingMessage } from 'node:http';
import type { ModelProtocol, RunSession } from '#executor-manager/protocol/run';
import { EventTooLargeError, readEvents } from '#model-protocols/server-sent-events';
import { RunFailure, describeError } from '../../run-failure.ts';
import type { AdapterContext, AgentAdapter, AgentRequest } from '../adapter.ts';
import { requiredModel } from '../required-model.ts';
import { readDifyEvent } from './dify-events.ts';
import { difyInputs } from './dify-inputs.ts';
import type { DifyInputs } from './dify-inputs.ts';
import { DifyRun } from './dify-run.ts';
import type { DifyAnswer } from './dify-run.ts';
import { DifyService } from './dify-service.ts';
import type { AppKind } from './dify-service.ts';

const MODEL_PROTOCOLS: readonly ModelProtocol[] = ['dify'];
/** Outputs of a workflow come in one event. */
const EVENT_BYTES = 8 * 1024 * 1024;

/** An application at a Dify service: chat, chatflow, agent, completion or workflow. Always streamed. */
export function difyAdapter(): AgentAdapter {
  return {
    capabilities: {
      files: false,
      modelProtocols: MODEL_PROTOCOLS,
      session: 'resume',
      steer: false,
      interrupt: true,
      permissions: false,
      output: 'prompted',
      images: true,
      skills: 'listed',
      usage: 'total',
    },
    async run(request, context) {
      const { baseURL, apiKey } = requiredModel(request, MODEL_PROTOCOLS);
      const { user, conversationID } = readSession(request.session) ?? newConversation(context);
      const service = new DifyService({ baseURL, apiKey, user, context });
      const app = await service.appKind();
      const kind = app.kind ?? 'chat';
      const name = app.name ?? 'dify';
      context.events.emit('status', { phase: 'Running', message: `Dify application ${name} (${kind})` });
      const run = new DifyRun({
        ...{ isWorkflow: kind === 'workflow', model: name, context },
        onConversation: (id) => context.onSession(writeSession({ user, conversationID: id })),
      });
      const body = await bodyOf(request, { service, kind, conversationID, context });
      const answer = await attended({ service, kind, run, context }, await service.open(kind, body));
      const { value, outputs, warnings } = answer;
      return {
        value,
        ...(outputs !== undefined && request.output !== undefined ? { output: outputs } : {}),
        ...(warnings.length === 0 ? {} : { warnings }),
      };
    },
  };
}

interface Body {
  service: DifyService;
  kind: AppKind;
  conversationID: string | undefined;
  context: AdapterContext;
}

async function bodyOf(request: AgentRequest, body: Body): Promise<Record<string, unknown>> {
  const { service, kind, conversationID, context } = body;
  const { inputs, query, unusedSystemPrompt } = difyInputs(request);
  if (unusedSystemPrompt) {
    const text = "The Ghost's system prompt is not sent: a Dify application has a prompt of its own.";
    context.events.emit('log', { stream: 'agent', text });
  }
  const ids: string[] = [];
  for (const [index, image] of (request.images ?? []).entries()) ids.push(await service.upload(image, index));
  const files = ids.map((id) => ({ type: 'image', transfer_method: 'local_file', upload_file_id: id }));
  return {
    ...callOf(kind, { inputs, query, unusedSystemPrompt }),
    ...(files.length === 0 ? {} : { files }),
    ...(kind === 'chat' && conversationID !== undefined ? { conversation_id: conversationID } : {}),
  };
}

/** A workflow has no place for a question but a variable; which one is a matter of its author. */
function callOf(kind: AppKind, { inputs, query }: DifyInputs): Record<string, unknown> {
  if (kind === 'chat') return { query, inputs, auto_generate_name: false };
  const named = 'query' in inputs || (kind === 'workflow' && 'user_query' in inputs);
  return { inputs: named ? inputs : { ...inputs, query } };
}

interface Attendance {
  service: DifyService;
  kind: AppKind;
  run: DifyRun;
  context: AdapterContext;
}

/** Reads the stream to its end. A run that nobody wants is stopped there too: it would go on without us. */
async function attended(attendance: Attendance, response: IncomingMessage): Promise<DifyAnswer> {
  const { service, kind, run, context } = attendance;
  const stop = async (): Promise<void> => {
    run.stopped = true;
    if (run.taskID !== undefined) await service.stop(kind, run.taskID);
  };
  context.controls.onInterrupt(stop);
  try {
    await readAll(run, response);
    return run.answer();
  } catch (error) {
    if (run.taskID !== undefined && !run.ended) await stop();
    context.signal.throwIfAborted();
    throw failureOf(error);
  } finally {
    response.destroy();
  }
}

async function readAll(run: DifyRun, response: IncomingMessage): Promise<void> {
  for await (const { data } of readEvents(response, EVENT_BYTES)) {
    for (const part of readDifyEvent(data)) run.take(part);
    if (run.ended) return;
  }
}

function failureOf(error: unknown): RunFailure {
  if (error instanceof RunFailure) return error;
  if (error instanceof EventTooLargeError) {
    return new RunFailure('ModelError', 'the application sent an event without end', error);
  }
  return new RunFailure(
    'ModelError',
    `the answer of the application broke off: ${describeError(error)}`,
    error,
  );
}

interface Conversation {
  user: string;
  conversationID: string | undefined;
}

/** A conversation belongs to its user there. */
function newConversation({ runId }: AdapterContext): Conversation {
  return { user: `troupe-${runId}`, conversationID: undefined };
}

function writeSession({ user, conversationID }: Conversation): string {
  return `${user}/${conversationID ?? ''}`;
}

function readSession(session: RunSession | undefined): Conversation | undefined {
  const [, user, conversationID] = /^([^/]+)\/([^/]+)$/.exec(session?.id ?? '') ?? [];
  return user === undefined ? undefined : { user, conversationID };
}
