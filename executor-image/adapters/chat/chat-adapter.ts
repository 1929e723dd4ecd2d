import type { ModelProtocol, RunMessage } from '#executor-manager/protocol/run';
import { RunFailure } from '../../run-failure.ts';
import type { AgentAdapter, AgentRequest } from '../adapter.ts';
import { requiredModel } from '../required-model.ts';
import { ChatLoop } from './chat-loop.ts';
import { openChatTools } from './chat-tools.ts';
import type { ChatTurn } from './conversation.ts';

const MODEL_PROTOCOLS: readonly ModelProtocol[] = ['anthropic', 'openai', 'openai-responses'];

/**
 * Direct calls of a model: the answer streamed, with the tools of MCP servers, pictures, and words that people add. What was
 * said before comes with the request (`history`), so that nothing has to be kept anywhere.
 */
export function chatAdapter(): AgentAdapter {
  return {
    capabilities: {
      files: false,
      modelProtocols: MODEL_PROTOCOLS,
      session: 'none',
      history: true,
      steer: true,
      interrupt: true,
      permissions: false,
      // Where services hold their models to a schema they are asked to; the prompt says it for all others.
      output: 'prompted',
      images: true,
      skills: 'listed',
      usage: 'per model',
      reportsToolCalls: false,
    },
    async run(request, context) {
      const model = requiredModel(request, MODEL_PROTOCOLS);
      if (model.name === '') {
        throw new RunFailure('StartFailed', 'Chat needs a Model that names its model_id');
      }
      context.events.emit('status', { phase: 'Running', message: `Chat with model ${model.name}` });
      const tools = await openChatTools(context.toolServers, context);
      try {
        return await new ChatLoop({
          ...{ model, context, tools },
          system: request.agent.systemPrompt === '' ? undefined : request.agent.systemPrompt,
          schema: request.output?.schema,
          turns: [...(request.history ?? []).map(turnOf), asked(request)],
        }).run();
      } finally {
        await tools.close();
      }
    },
  };
}

function turnOf({ role, text }: RunMessage): ChatTurn {
  return role === 'user' ? { role, text } : { role, blocks: [{ type: 'text', text }] };
}

function asked({ prompt, images }: AgentRequest): ChatTurn {
  return { role: 'user', text: prompt, ...(images === undefined ? {} : { images }) };
}
