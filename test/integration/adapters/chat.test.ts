import { chatAdapter } from '#executor-image/adapters/chat/chat-adapter';
import { adapterSuite } from './adapter-suite.ts';

adapterSuite({ adapter: chatAdapter(), shell: { type: 'Chat' }, protocol: 'openai' });
