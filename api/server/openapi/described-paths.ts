import {
  isAccount,
  isApiKey,
  isApproval,
  isExecutor,
  isPod,
  isSkill,
  isTask,
} from '../../registry/resource.ts';
import type { Resource } from '../../registry/resource.ts';
import type { PathItem } from './operation.ts';
import { linksItem, mailsItem } from './approval-paths.ts';
import { packageItem, ratingItem } from './skill-paths.ts';
import { podLogItem, podStreamItem, tunnelItem } from './pod-paths.ts';
import { passwordResetItem, apiKeyTokenItem } from './account-paths.ts';
import { answersItem, eventsItem, logItem, messagesItem, retryItem, webhooksItem } from './task-paths.ts';

/** The subresources that speak of something else than an object of their kind, with their requests and answers. */
const DESCRIBED = [
  { name: 'answers', isOf: isTask, item: answersItem },
  { name: 'log', isOf: isTask, item: logItem },
  { name: 'log', isOf: isPod, item: podLogItem },
  { name: 'attach', isOf: isPod, item: podStreamItem('Attach') },
  { name: 'exec', isOf: isPod, item: podStreamItem('Exec') },
  { name: 'portforward', isOf: isPod, item: podStreamItem('Portforward') },
  { name: 'tunnel', isOf: isExecutor, item: tunnelItem },
  { name: 'events', isOf: isTask, item: eventsItem },
  { name: 'links', isOf: isApproval, item: linksItem },
  { name: 'mails', isOf: isApproval, item: mailsItem },
  { name: 'webhooks', isOf: isTask, item: webhooksItem },
  { name: 'messages', isOf: isTask, item: messagesItem },
  { name: 'retry', isOf: isTask, item: retryItem },
  { name: 'package', isOf: isSkill, item: packageItem },
  { name: 'rating', isOf: isSkill, item: ratingItem },
  { name: 'passwordreset', isOf: isAccount, item: passwordResetItem },
  { name: 'token', isOf: isApiKey, item: apiKeyTokenItem },
];

/** Undefined for a subresource that reads and writes objects. */
export function describedItem(resource: Resource, subresource: string): PathItem | undefined {
  const found = DESCRIBED.find(({ name, isOf }) => name === subresource && isOf(resource));
  return found?.item(resource);
}
