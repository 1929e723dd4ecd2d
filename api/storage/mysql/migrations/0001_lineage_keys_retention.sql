CREATE TABLE `deleted_tasks` (
	`task_uid` varbinary(64) NOT NULL,
	`namespace` varbinary(512) NOT NULL,
	`name` varbinary(512) NOT NULL,
	`revision` bigint unsigned NOT NULL,
	`deleted_at` bigint unsigned NOT NULL,
	`body` longblob NOT NULL,
	CONSTRAINT `deleted_tasks_task_uid` PRIMARY KEY(`task_uid`)
);
--> statement-breakpoint
CREATE TABLE `encryption_keys` (
	`id` varbinary(64) NOT NULL,
	`root_key_id` varbinary(64) NOT NULL,
	`wrapped` varbinary(255) NOT NULL,
	`created_at` bigint unsigned NOT NULL,
	CONSTRAINT `encryption_keys_id` PRIMARY KEY(`id`)
);
--> statement-breakpoint
CREATE TABLE `history_marks` (
	`revision` bigint unsigned NOT NULL,
	`time` bigint unsigned NOT NULL,
	CONSTRAINT `history_marks_revision` PRIMARY KEY(`revision`)
);
--> statement-breakpoint
CREATE TABLE `progress` (
	`name` varbinary(40) NOT NULL,
	`position` bigint unsigned NOT NULL,
	CONSTRAINT `progress_name` PRIMARY KEY(`name`)
);
--> statement-breakpoint
ALTER TABLE `revision_counter` ADD `key_generation` bigint unsigned DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `revisions` ADD `commit_id` varbinary(40) DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE `task_logs` ADD `first_seq` bigint unsigned DEFAULT 1 NOT NULL;--> statement-breakpoint
CREATE INDEX `deleted_tasks_by_time` ON `deleted_tasks` (`deleted_at`);