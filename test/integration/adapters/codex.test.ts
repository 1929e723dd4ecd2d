import { adapterSuite } from './adapter-suite.ts';
import { codexRow } from './codex-row.ts';

adapterSuite(codexRow);
