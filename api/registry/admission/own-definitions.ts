import { refuseOwnKindChange, refuseOwnKindDeletion } from '../custom-resources/own-kinds.ts';
import { isCustomResourceDefinition } from '../resource.ts';
import type { ValidatingPlugin } from './admission.ts';

/** The CustomResourceDefinitions of the program's own kinds come with the program; clients cannot change or delete them. */
export const ownDefinitions: ValidatingPlugin = {
  name: 'OwnDefinitions',
  validate({ resource, operation, object, previous }) {
    if (!isCustomResourceDefinition(resource)) return;
    if (operation === 'DELETE') refuseOwnKindDeletion(previous);
    if (operation === 'UPDATE') refuseOwnKindChange(object, previous);
  },
};
