import { RequestError, client, methods } from '@agentclientprotocol/sdk';
import type {
  ClientContext,
  ContentBlock,
  InitializeResponse,
  LoadSessionRequest,
  McpServer,
  NewSessionResponse,
  StopReason,
  Stream,
} from '@agentclientprotocol/sdk';

import { RunFailure } from '../../run-failure.ts';
import type { AdapterContext, AgentRequest } from '../adapter.ts';
import { FurtherWords } from '../further-words.ts';
import { permissionAnswer } from './permission-answer.ts';
import type { UpdateTeller } from './update-teller.ts';

const PROTOCOL_VERSION = 1;
/** JSON-RPC error of an agent that wants a login (protocol, authentication). */
const AUTH_REQUIRED = -32_000;

export interface SessionOptions {
  stream: Stream;
  request: AgentRequest;
  context: AdapterContext;
  teller: UpdateTeller;
}

/** Whether somebody has interrupted the turn that goes on. */
interface Talk {
  interrupted: boolean;
}

/** Speaks with the agent from `initialize` to the end of its last turn. Throws RunFailure. */
export function talkToAgent({ stream, request, context, teller }: SessionOptions): Promise<void> {
  let opened = false;
  let retold = false;
  return client({ name: 'troupe' })
    .onRequest(methods.client.session.requestPermission, ({ params }) => {
      // Some agents say only here what the tool is to do.
      teller.update({ ...params.toolCall, sessionUpdate: 'tool_call_update' });
      return permissionAnswer(params, context);
    })
    .onNotification(methods.client.session.update, ({ params }) => {
      if (opened) return teller.update(params.update);
      retold ||= params.update.sessionUpdate.endsWith('_message_chunk');
      teller.past(params.update);
    })
    .connectWith(stream, async (agent) => {
      const facts = await agent.request(methods.agent.initialize, {
        protocolVersion: PROTOCOL_VERSION,
        // No files and no terminals of ours: the agent is in the sandbox itself.
        clientCapabilities: {},
      });
      checkVersion(facts);
      tellName(facts, context);
      const sessionId = await openSession(agent, { request, context, facts });
      opened = true;
      checkKnown(request, facts, retold);
      context.onSession(sessionId);
      await takeTurns(agent, { sessionId, request, context, facts });
    });
}

function checkVersion({ protocolVersion }: InitializeResponse): void {
  if (protocolVersion === PROTOCOL_VERSION) return;
  const message = `the agent speaks version ${protocolVersion} of the Agent Client Protocol, not ${PROTOCOL_VERSION}`;
  throw new RunFailure('StartFailed', message);
}

/** Some programs open a new session where they do not find the old one; one that is loaded is told as a whole. */
function checkKnown(
  { session }: AgentRequest,
  { agentCapabilities }: InitializeResponse,
  retold: boolean,
): void {
  if (session === undefined || agentCapabilities?.loadSession !== true || retold) return;
  throw new RunFailure('StartFailed', `the agent does not know the session ${session.id}`);
}

function tellName({ agentInfo }: InitializeResponse, { events }: AdapterContext): void {
  if (agentInfo === undefined || agentInfo === null) return;
  const { name, title, version } = agentInfo;
  events.emit('status', { phase: 'Running', message: `${title ?? name} ${version}` });
}

interface Opening {
  request: AgentRequest;
  context: AdapterContext;
  facts: InitializeResponse;
}

async function openSession(agent: ClientContext, opening: Opening): Promise<string> {
  const { request, context, facts } = opening;
  const place = { cwd: context.folder, mcpServers: mcpServers(context, facts) };
  const { session } = request;
  try {
    if (session === undefined) {
      const opened: NewSessionResponse = await agent.request(methods.agent.session.new, place);
      return opened.sessionId;
    }
    await resumeSession(agent, { ...place, sessionId: session.id }, facts);
    return session.id;
  } catch (error) {
    throw explained(error, facts);
  }
}

/** `load` is the older way that more agents know; it tells all that was said before, which the log has already. */
async function resumeSession(
  agent: ClientContext,
  session: LoadSessionRequest,
  { agentCapabilities }: InitializeResponse,
): Promise<void> {
  if (agentCapabilities?.loadSession === true) await agent.request(methods.agent.session.load, session);
  else if (agentCapabilities?.sessionCapabilities?.resume !== undefined) {
    await agent.request(methods.agent.session.resume, session);
  } else throw new RunFailure('StartFailed', 'the agent cannot go on with a session');
}

function explained(error: unknown, { authMethods = [] }: InitializeResponse): unknown {
  if (!(error instanceof RequestError)) return error;
  if (error.code !== AUTH_REQUIRED) {
    return new RunFailure('AgentFailed', `the agent refused the session: ${error.message}`, error);
  }
  const names = authMethods.map(({ name }) => name).join(', ');
  const ways = names === '' ? '' : ` (${names})`;
  return new RunFailure('StartFailed', `the agent wants a login${ways}: give its key by the Model`, error);
}

/** The gate's, in the one transport that all of them have. */
function mcpServers({ toolServers }: AdapterContext, { agentCapabilities }: InitializeResponse): McpServer[] {
  if (toolServers.length > 0 && agentCapabilities?.mcpCapabilities?.http !== true) {
    throw new RunFailure('StartFailed', 'the agent does not take MCP servers over HTTP');
  }
  return toolServers.map(({ name, url, token }) => ({
    type: 'http',
    name,
    url,
    headers: [{ name: 'Authorization', value: `Bearer ${token}` }],
  }));
}

interface Turns extends Opening {
  sessionId: string;
}

/** One prompt after the other: the first is the request's, later ones are what people have said meanwhile. */
async function takeTurns(agent: ClientContext, turns: Turns): Promise<void> {
  const { sessionId, request, context } = turns;
  const words = new FurtherWords(turns);
  const talk: Talk = { interrupted: false };
  const cancel = (): Promise<void> => agent.notify(methods.agent.session.cancel, { sessionId });
  context.controls.onInterrupt(async () => {
    talk.interrupted = true;
    await cancel();
  });
  context.controls.onSteer((text) => words.add(text));
  // Asked nicely first; its process is ended when it does not heed.
  context.signal.addEventListener('abort', () => void cancel().catch(() => undefined), { once: true });
  let prompt = firstPrompt(request, turns.facts);
  for (;;) {
    const asked = agent.request(methods.agent.session.prompt, { sessionId, prompt });
    // By words that were there before the turn, which had nothing to cancel.
    if (talk.interrupted) void cancel().catch(() => undefined);
    const { stopReason } = await asked.catch((error: unknown) => interruptedBy(error, talk));
    context.signal.throwIfAborted();
    checkStop(stopReason, talk);
    const text = await words.next(talk);
    if (text === undefined) return;
    talk.interrupted = false;
    prompt = [{ type: 'text', text }];
  }
}

/** The protocol has no system prompt: the agent gets it in front of what it is asked. */
function firstPrompt(request: AgentRequest, { agentCapabilities }: InitializeResponse): ContentBlock[] {
  const { agent, prompt, images = [], session } = request;
  if (images.length > 0 && agentCapabilities?.promptCapabilities?.image !== true) {
    throw new RunFailure('StartFailed', 'the agent does not take images');
  }
  const instructions = session === undefined ? (agent.systemPrompt ?? '') : '';
  return [
    ...(instructions.trim() === '' ? [] : [{ type: 'text' as const, text: instructions }]),
    { type: 'text', text: prompt },
    ...images.map(({ mediaType, data }) => ({ type: 'image' as const, mimeType: mediaType, data })),
  ];
}

/** Programs answer with an error where the protocol wants `cancelled` of them. */
function interruptedBy(error: unknown, { interrupted }: Talk): { stopReason: StopReason } {
  if (interrupted && error instanceof RequestError) return { stopReason: 'cancelled' };
  throw error;
}

function checkStop(reason: StopReason, { interrupted }: Talk): void {
  switch (reason) {
    case 'end_turn':
      return;
    case 'cancelled':
      if (interrupted) return;
      throw new RunFailure('AgentFailed', 'the agent has cancelled its turn by itself');
    case 'max_tokens':
      throw new RunFailure('AnswerCut', "the model's answer is not complete: it reached a limit of tokens");
    case 'max_turn_requests':
      throw new RunFailure('TurnLimit', 'the agent has called its model as often as its program allows');
    case 'refusal':
      throw new RunFailure('ModelRefused', 'the model refused to answer');
    default: // what the agent says is not checked by the types
      throw new RunFailure('AgentFailed', `the agent ended its turn with ${String(reason)}`);
  }
}
