CREATE TABLE `objects` (
	`resource` varbinary(255) NOT NULL,
	`namespace` varbinary(512) NOT NULL,
	`name` varbinary(512) NOT NULL,
	`revision` bigint unsigned NOT NULL,
	CONSTRAINT `objects_resource_namespace_name_pk` PRIMARY KEY(`resource`,`namespace`,`name`)
);
--> statement-breakpoint
CREATE TABLE `revision_counter` (
	`id` int NOT NULL,
	`current` bigint unsigned NOT NULL,
	`compacted` bigint unsigned NOT NULL,
	`checks` bigint unsigned NOT NULL,
	CONSTRAINT `revision_counter_id` PRIMARY KEY(`id`)
);
--> statement-breakpoint
CREATE TABLE `revisions` (
	`revision` bigint unsigned NOT NULL,
	`resource` varbinary(255) NOT NULL,
	`namespace` varbinary(512) NOT NULL,
	`name` varbinary(512) NOT NULL,
	`op` varbinary(6) NOT NULL,
	`previous_revision` bigint unsigned NOT NULL,
	`body` longblob NOT NULL,
	CONSTRAINT `revisions_revision` PRIMARY KEY(`revision`)
);
--> statement-breakpoint
CREATE TABLE `task_events` (
	`task_uid` varbinary(64) NOT NULL,
	`seq` bigint unsigned NOT NULL,
	`source` varbinary(255) NOT NULL,
	`source_seq` bigint unsigned NOT NULL,
	`time` varbinary(40) NOT NULL,
	`type` varbinary(40) NOT NULL,
	`data` longblob NOT NULL,
	CONSTRAINT `task_events_task_uid_seq_pk` PRIMARY KEY(`task_uid`,`seq`)
);
--> statement-breakpoint
CREATE TABLE `task_logs` (
	`task_uid` varbinary(64) NOT NULL,
	`last_seq` bigint unsigned NOT NULL,
	`last_message_id` bigint unsigned NOT NULL,
	`purged_at` bigint unsigned NOT NULL,
	CONSTRAINT `task_logs_task_uid` PRIMARY KEY(`task_uid`)
);
--> statement-breakpoint
CREATE TABLE `task_messages` (
	`task_uid` varbinary(64) NOT NULL,
	`id` bigint unsigned NOT NULL,
	`source` varbinary(255) NOT NULL,
	`role` varbinary(20) NOT NULL,
	`content` longblob NOT NULL,
	`time` varbinary(40) NOT NULL,
	CONSTRAINT `task_messages_task_uid_id_pk` PRIMARY KEY(`task_uid`,`id`)
);
--> statement-breakpoint
CREATE TABLE `task_sources` (
	`task_uid` varbinary(64) NOT NULL,
	`source` varbinary(255) NOT NULL,
	`last_source_seq` bigint unsigned NOT NULL,
	CONSTRAINT `task_sources_task_uid_source_pk` PRIMARY KEY(`task_uid`,`source`)
);
--> statement-breakpoint
CREATE INDEX `revisions_by_resource` ON `revisions` (`resource`,`revision`);--> statement-breakpoint
CREATE INDEX `task_logs_by_purge` ON `task_logs` (`purged_at`);