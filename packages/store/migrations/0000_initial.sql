CREATE TABLE `answers` (
	`key` text PRIMARY KEY NOT NULL,
	`body_hash` text NOT NULL,
	`answer` text NOT NULL,
	`expires_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `answers_expiry` ON `answers` (`expires_at`);--> statement-breakpoint
CREATE TABLE `meta` (
	`key` text PRIMARY KEY NOT NULL,
	`value` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `records` (
	`key` text PRIMARY KEY NOT NULL,
	`kind` text NOT NULL,
	`generation` integer NOT NULL,
	`ballot_n` integer NOT NULL,
	`ballot_node` text NOT NULL,
	`written_at` integer NOT NULL,
	`feed_seq` integer NOT NULL,
	`value` text NOT NULL,
	`sequence` integer NOT NULL,
	`status` text,
	`host_id` text,
	`requirement_key` text,
	`priority` integer,
	`run_at` integer,
	`due` integer,
	`finished_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `records_feed` ON `records` (`feed_seq`);--> statement-breakpoint
CREATE INDEX `records_list` ON `records` (`kind`,`sequence`,`key`);--> statement-breakpoint
CREATE INDEX `records_status` ON `records` (`status`,`sequence`,`key`) WHERE status is not null;--> statement-breakpoint
CREATE INDEX `records_lease` ON `records` (`host_id`,`sequence`,`key`) WHERE host_id is not null;--> statement-breakpoint
CREATE INDEX `records_due` ON `records` (`requirement_key`,priority desc,`run_at`,`sequence`,`key`) WHERE due = 1;--> statement-breakpoint
CREATE INDEX `records_scheduled` ON `records` (`run_at`) WHERE due = 0;--> statement-breakpoint
CREATE INDEX `records_finished` ON `records` (`finished_at`) WHERE finished_at is not null;