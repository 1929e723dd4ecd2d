CREATE TABLE `objects` (
	`resource` text NOT NULL,
	`namespace` text NOT NULL,
	`name` text NOT NULL,
	`revision` integer NOT NULL,
	PRIMARY KEY(`resource`, `namespace`, `name`)
);
--> statement-breakpoint
CREATE TABLE `revision_counter` (
	`id` integer PRIMARY KEY NOT NULL,
	`current` integer NOT NULL,
	`compacted` integer NOT NULL,
	`checks` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `revisions` (
	`revision` integer PRIMARY KEY NOT NULL,
	`resource` text NOT NULL,
	`namespace` text NOT NULL,
	`name` text NOT NULL,
	`op` text NOT NULL,
	`previous_revision` integer NOT NULL,
	`body` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `revisions_by_resource` ON `revisions` (`resource`,`revision`);--> statement-breakpoint
CREATE TABLE `task_events` (
	`task_uid` text NOT NULL,
	`seq` integer NOT NULL,
	`source` text NOT NULL,
	`source_seq` integer NOT NULL,
	`time` text NOT NULL,
	`type` text NOT NULL,
	`data` text NOT NULL,
	PRIMARY KEY(`task_uid`, `seq`)
);
--> statement-breakpoint
CREATE TABLE `task_logs` (
	`task_uid` text PRIMARY KEY NOT NULL,
	`last_seq` integer NOT NULL,
	`last_message_id` integer NOT NULL,
	`purged_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `task_logs_by_purge` ON `task_logs` (`purged_at`);--> statement-breakpoint
CREATE TABLE `task_messages` (
	`task_uid` text NOT NULL,
	`id` integer NOT NULL,
	`source` text NOT NULL,
	`role` text NOT NULL,
	`content` text NOT NULL,
	`time` text NOT NULL,
	PRIMARY KEY(`task_uid`, `id`)
);
--> statement-breakpoint
CREATE TABLE `task_sources` (
	`task_uid` text NOT NULL,
	`source` text NOT NULL,
	`last_source_seq` integer NOT NULL,
	PRIMARY KEY(`task_uid`, `source`)
);
