import { AUTHENTICATED_GROUP } from '../../machinery/users/user.ts';
import { PUBLIC_NAMESPACE } from '../../types/shells/shell.ts';
import type { BootstrapBinding, BootstrapRole } from './bootstrap-role.ts';
import { allow, group, READ, TROUPE } from './rules.ts';

/** The role that lets all read and refer to the objects that administrators put into the public namespace. */
const NAME = 'system:public-objects';
const PUBLIC_KINDS = ['models', 'shells', 'ghosts', 'skills', 'mcpservers'];

export const PUBLIC_ROLES: readonly BootstrapRole[] = [
  {
    name: NAME,
    namespace: PUBLIC_NAMESPACE,
    rules: [
      allow([...READ, 'use'], TROUPE, PUBLIC_KINDS),
      allow(['get'], TROUPE, ['skills/package']),
      allow(['update', 'delete'], TROUPE, ['skills/rating']),
    ],
  },
];

export const PUBLIC_BINDINGS: readonly BootstrapBinding[] = [
  {
    name: NAME,
    namespace: PUBLIC_NAMESPACE,
    role: { kind: 'Role', name: NAME },
    subjects: [group(AUTHENTICATED_GROUP)],
  },
];
