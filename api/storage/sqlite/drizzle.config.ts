import { defineConfig } from 'drizzle-kit';

/** `npx drizzle-kit generate --config api/storage/sqlite/drizzle.config.ts --name WHAT` after a change of the schema. */
export default defineConfig({
  dialect: 'sqlite',
  schema: './api/storage/sqlite/schema.ts',
  out: './api/storage/sqlite/migrations',
});
