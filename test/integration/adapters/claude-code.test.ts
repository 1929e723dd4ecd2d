import { adapterSuite } from './adapter-suite.ts';
import { claudeCodeRow } from './claude-code-row.ts';

adapterSuite(claudeCodeRow);
