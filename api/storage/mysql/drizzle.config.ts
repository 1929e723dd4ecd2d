import { defineConfig } from 'drizzle-kit';

/** `npx drizzle-kit generate --config api/storage/mysql/drizzle.config.ts --name WHAT` after a change of the schema. */
export default defineConfig({
  dialect: 'mysql',
  schema: './api/storage/mysql/schema.ts',
  out: './api/storage/mysql/migrations',
});
