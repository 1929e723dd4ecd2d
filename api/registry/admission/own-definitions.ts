import { refuseOwnKindChange, refuseOwnKindDeletion } from '../custom-resources/own-kinds.ts';
import { isCustomResourceDefinition } from '../resource.ts';
import type { MutatingPlugin } from './admission.ts';

/**
 * The CustomResourceDefinitions of the program's own kinds come with the program; clients cannot change or delete them.
 * It changes nothing, but runs with the mutating plugins: a refusal tells more than problems of a spec that counts for
 * nothing.
 */
export const ownDefinitions: MutatingPlugin = {
  name: 'OwnDefinitions',
  admit({ resource, operation, object, previous }) {
    if (!isCustomResourceDefinition(resource)) return undefined;
    if (operation === 'DELETE') refuseOwnKindDeletion(previous);
    if (operation === 'UPDATE') refuseOwnKindChange(object, previous);
    return undefined;
  },
};
