/**
 * Set-up of the unit tests. A server of @hono/node-server exchanges the global Response for one of its own; a
 * RESPONSE_ALREADY_SENT that is made after that is taken for an answer to send. A process makes it while it loads its
 * modules, before any server. Unit tests share their modules, so that an earlier file may have started a server.
 */
export { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
