import { adapterSuite } from './adapter-suite.ts';
import { codexRow } from './codex-row.ts';
import { IN_A_SANDBOX } from './suite-places.ts';

/** With the program and the runner of the sandbox image, as hardened as the executor manager starts them. */
adapterSuite({ ...codexRow, place: IN_A_SANDBOX });
