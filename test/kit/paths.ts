import path from 'node:path';

/** The project's root. */
export const ROOT = path.resolve(import.meta.dirname, '../..');

/** The command as a user starts it. */
export const TROUPE = path.join(ROOT, 'bin/troupe');
