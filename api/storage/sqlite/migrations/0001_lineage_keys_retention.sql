CREATE TABLE `deleted_tasks` (
	`task_uid` text PRIMARY KEY NOT NULL,
	`namespace` text NOT NULL,
	`name` text NOT NULL,
	`revision` integer NOT NULL,
	`deleted_at` integer NOT NULL,
	`body` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `deleted_tasks_by_time` ON `deleted_tasks` (`deleted_at`);--> statement-breakpoint
CREATE TABLE `encryption_keys` (
	`id` text PRIMARY KEY NOT NULL,
	`root_key_id` text NOT NULL,
	`wrapped` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `history_marks` (
	`revision` integer PRIMARY KEY NOT NULL,
	`time` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `progress` (
	`name` text PRIMARY KEY NOT NULL,
	`position` integer NOT NULL
);
--> statement-breakpoint
ALTER TABLE `revision_counter` ADD `key_generation` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `revisions` ADD `commit_id` text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE `task_logs` ADD `first_seq` integer DEFAULT 1 NOT NULL;