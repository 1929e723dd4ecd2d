import type { RunResult } from '#executor-manager/protocol/run';
import type { RpcPeer } from '../../process/rpc-peer.ts';
import { RpcError } from '../../process/rpc-peer.ts';
import { RunFailure } from '../../run-failure.ts';
import { schemaInstruction } from '../../run/output.ts';
import type { AdapterContext, AgentRequest } from '../adapter.ts';
import { FurtherWords } from '../further-words.ts';
import { isTrusted } from '../repository-settings.ts';
import { isStrict } from './output-schema.ts';
import { projectNotes } from './project-notes.ts';
import { codexModel, threadSettings } from './settings.ts';
import type { TurnEnd, TurnReader } from './turn-reader.ts';

type Answer = Pick<RunResult, 'value' | 'warnings'>;

export interface ConversationOptions {
  peer: RpcPeer;
  reader: TurnReader;
  request: AgentRequest;
  context: AdapterContext;
  /** Told as soon as the thread has its id, before its first turn. */
  onThread: (id: string) => void;
}

/** Lets Codex answer the request's prompt, and whatever people say meanwhile. Rejects with RunFailure. */
export async function converse(options: ConversationOptions): Promise<Answer> {
  const { peer, request, context } = options;
  const clientInfo = { name: 'troupe', title: 'Troupe', version: '1' };
  const { userAgent } = await peer.call('initialize', {
    clientInfo,
    capabilities: { experimentalApi: true },
  });
  peer.notify('initialized', {});
  await showSkills(options);
  const threadId = await openThread(options);
  const version = /\/([\d.]+)/.exec(String(userAgent))?.[1] ?? '';
  const message = `Codex ${version} with model ${codexModel(request).name}`;
  context.events.emit('status', { phase: 'Running', message });
  return new Turns(options, threadId).take();
}

async function showSkills({ peer, context }: ConversationOptions): Promise<void> {
  if (context.skills.length === 0) return;
  await peer.call('skills/extraRoots/set', { extraRoots: context.skills.map(({ folder }) => folder) });
}

async function openThread(options: ConversationOptions): Promise<string> {
  const { peer, request, context, onThread } = options;
  const settings = threadSettings(request, context);
  const { session } = request;
  const method = session === undefined ? 'start' : session.fork === true ? 'fork' : 'resume';
  const named = session === undefined ? {} : { threadId: session.id };
  const { thread } = await peer.call(`thread/${method}`, { ...named, ...settings }).catch(notOpened);
  const { id } = thread as { id: string };
  onThread(id);
  context.onSession(id);
  if (session === undefined) await tellNotes(options, id);
  return id;
}

function notOpened(error: unknown): never {
  if (!(error instanceof RpcError)) throw error;
  throw new RunFailure('StartFailed', `Codex cannot begin: ${error.message}`, error);
}

/** In a trusted Workspace Codex reads them itself. */
async function tellNotes({ peer, request, context }: ConversationOptions, threadId: string): Promise<void> {
  const notes = isTrusted(request) ? undefined : await projectNotes(context.folder);
  if (notes === undefined) return;
  const item = { type: 'message', role: 'user', content: [{ type: 'input_text', text: notes }] };
  await peer.call('thread/inject_items', { threadId, items: [item] });
}

/** The turns of one thread: the first is the prompt; another one follows when people spoke after an interrupt. */
class Turns {
  readonly #options: ConversationOptions;
  readonly #threadId: string;
  /** The turn that goes on. */
  #turnId: string | undefined;
  #interrupted = false;
  /** The words of people that no turn could take. */
  readonly #words: FurtherWords;
  /** Handed to the turn that goes on. */
  readonly #steered: string[] = [];

  constructor(options: ConversationOptions, threadId: string) {
    this.#options = options;
    this.#threadId = threadId;
    this.#words = new FurtherWords(options);
    const { controls } = options.context;
    controls.onInterrupt(() => this.#interrupt());
    controls.onSteer((text) => this.#steer(text));
  }

  async take(): Promise<Answer> {
    const { request } = this.#options;
    let end = await this.#turn(promptOf(request), imagesOf(request));
    for (;;) {
      const words = await this.#words.next({ interrupted: end.status === 'interrupted' });
      if (words === undefined) return answerOf(end);
      end = await this.#turn(words, []);
    }
  }

  async #turn(text: string, images: readonly object[]): Promise<TurnEnd> {
    const { peer, reader, request } = this.#options;
    const { output } = request;
    const schema = output !== undefined && isStrict(output.schema) ? { outputSchema: output.schema } : {};
    const params = { threadId: this.#threadId, input: [inputText(text), ...images], ...schema };
    const begun = reader.turnStart();
    const ended = reader.turnEnd();
    const { turn } = await peer.call('turn/start', params);
    await begun;
    this.#turnId = (turn as { id: string }).id;
    try {
      if (this.#interrupted) await this.#interrupt();
      return await ended;
    } finally {
      this.#turnId = undefined;
      this.#interrupted = false;
      // The words that an interrupt has kept from the model.
      for (const words of this.#steered.splice(0)) if (!reader.hasHeard(words)) this.#words.add(words);
    }
  }

  async #steer(text: string): Promise<void> {
    const { peer } = this.#options;
    if (this.#turnId === undefined || this.#interrupted) {
      this.#words.add(text);
      return;
    }
    const params = { threadId: this.#threadId, expectedTurnId: this.#turnId, input: [inputText(text)] };
    this.#steered.push(text);
    try {
      await peer.call('turn/steer', params);
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      const index = this.#steered.indexOf(text);
      if (index === -1) return; // the turn has ended in this moment, and has left the words to the next one
      this.#steered.splice(index, 1);
      this.#words.add(text);
    }
  }

  /** A turn that has not begun yet is ended as soon as it has. */
  async #interrupt(): Promise<void> {
    this.#interrupted = true;
    if (this.#turnId === undefined) return;
    await this.#options.peer.call('turn/interrupt', { threadId: this.#threadId, turnId: this.#turnId });
  }
}

/** A schema that the service could not hold the model to is told to it. */
function promptOf({ prompt, output }: AgentRequest): string {
  if (output === undefined || isStrict(output.schema)) return prompt;
  return `${prompt}\n\n${schemaInstruction(output.schema)}`;
}

/** Words as the protocol has them. */
export function inputText(text: string): object {
  return { type: 'text', text, text_elements: [] };
}

function imagesOf({ images = [] }: AgentRequest): object[] {
  return images.map(({ mediaType, data }) => ({ type: 'image', url: `data:${mediaType};base64,${data}` }));
}

function answerOf({ status, words }: TurnEnd): Answer {
  if (status === 'interrupted') return { value: words, warnings: ['The agent was interrupted.'] };
  return words === '' ? { value: words, warnings: ['The agent ended without words.'] } : { value: words };
}
