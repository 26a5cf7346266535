CREATE TABLE `members` (
	`instance` text PRIMARY KEY NOT NULL,
	`node_id` text DEFAULT '' NOT NULL,
	`url` text DEFAULT '' NOT NULL,
	`turn_seen` integer DEFAULT 0 NOT NULL,
	`feed_cursor` integer DEFAULT 0 NOT NULL,
	`first_seen_at` integer NOT NULL,
	`last_seen_at` integer NOT NULL,
	`forgotten` integer DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE TABLE `registers` (
	`key` text PRIMARY KEY NOT NULL,
	`epoch_n` integer DEFAULT 0 NOT NULL,
	`epoch_node` text DEFAULT '' NOT NULL,
	`generation` integer NOT NULL,
	`replicas` text NOT NULL,
	`m` integer NOT NULL,
	`promised_n` integer,
	`promised_node` text,
	`accepted_n` integer,
	`accepted_node` text,
	`unlearned` integer NOT NULL,
	`tag` text,
	`touched_at` integer NOT NULL,
	`proposal` text
);
--> statement-breakpoint
CREATE INDEX `registers_unlearned` ON `registers` (`key`) WHERE unlearned = 1;--> statement-breakpoint
CREATE INDEX `registers_tag` ON `registers` (`tag`,`key`) WHERE tag is not null;--> statement-breakpoint
CREATE INDEX `registers_promised` ON `registers` (`touched_at`) WHERE accepted_n is null;--> statement-breakpoint
-- A database without an instance id gets one on opening; its records need it now.
INSERT OR IGNORE INTO `meta` (`key`, `value`)
SELECT 'instance', lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-'
	|| substr('89AB', 1 + (random() & 3), 1) || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))
WHERE EXISTS (SELECT 1 FROM `records`);
--> statement-breakpoint
-- Until now there was nobody to catch up with.
INSERT INTO `meta` (`key`, `value`) SELECT 'bootstrapped', '1' FROM `meta` WHERE `key` = 'instance';
--> statement-breakpoint
INSERT INTO `meta` (`key`, `value`) SELECT 'ballot', max(`ballot_n`) + 1 FROM `records` HAVING count(*) > 0;
--> statement-breakpoint
CREATE TABLE `__new_records` (
	`key` text PRIMARY KEY NOT NULL,
	`kind` text NOT NULL,
	`epoch_n` integer DEFAULT 0 NOT NULL,
	`epoch_node` text DEFAULT '' NOT NULL,
	`generation` integer NOT NULL,
	`ballot_n` integer NOT NULL,
	`ballot_node` text NOT NULL,
	`written_at` integer NOT NULL,
	`feed_seq` integer NOT NULL,
	`replicas` text NOT NULL,
	`m` integer NOT NULL,
	`moved` text,
	`sequence` integer NOT NULL,
	`status` text,
	`host_id` text,
	`requirement_key` text,
	`priority` integer,
	`run_at` integer,
	`due` integer,
	`finished_at` integer,
	`tag` text,
	`value` text NOT NULL
);
--> statement-breakpoint
-- A record was agreed on by the one coordinator that there was. Keys that several can make at once end in who agreed on them.
INSERT INTO `__new_records`
SELECT
	CASE WHEN `kind` IN ('host', 'superseded') THEN `key` || '~00000000' ELSE `key` END,
	`kind`, 0, '', `generation`, `ballot_n`, `ballot_node`, `written_at`, `feed_seq`,
	json_array((SELECT `value` FROM `meta` WHERE `key` = 'instance')), 1, NULL,
	`sequence`, `status`, `host_id`, `requirement_key`, `priority`, `run_at`, `due`, `finished_at`,
	CASE WHEN `status` = 'leased' THEN 'claim:' || json_extract(`value`, '$.lease.claim.key') END,
	`value`
FROM `records`;
--> statement-breakpoint
DROP TABLE `records`;
--> statement-breakpoint
ALTER TABLE `__new_records` RENAME TO `records`;
--> statement-breakpoint
CREATE UNIQUE INDEX `records_feed` ON `records` (`feed_seq`);--> statement-breakpoint
CREATE INDEX `records_list` ON `records` (`kind`,`sequence`,`key`);--> statement-breakpoint
CREATE INDEX `records_status` ON `records` (`status`,`sequence`,`key`) WHERE status is not null;--> statement-breakpoint
CREATE INDEX `records_lease` ON `records` (`host_id`,`sequence`,`key`) WHERE host_id is not null;--> statement-breakpoint
CREATE INDEX `records_due` ON `records` (`requirement_key`,priority desc,`run_at`,`sequence`,`key`) WHERE due = 1;--> statement-breakpoint
CREATE INDEX `records_scheduled` ON `records` (`run_at`) WHERE due = 0;--> statement-breakpoint
CREATE INDEX `records_finished` ON `records` (`finished_at`) WHERE finished_at is not null;--> statement-breakpoint
CREATE INDEX `records_changeable` ON `records` (`key`) WHERE finished_at is null;--> statement-breakpoint
CREATE INDEX `records_tag` ON `records` (`tag`,`key`) WHERE tag is not null;--> statement-breakpoint
-- What has not ended goes on from what its one replica accepted last.
INSERT INTO `registers`
SELECT
	`key`, 0, '', `generation`, `replicas`, `m`, `ballot_n`, `ballot_node`, `ballot_n`, `ballot_node`, 0, NULL, `written_at`,
	json_object('value', json(`value`), 'writtenAt', `written_at`)
FROM `records` WHERE `finished_at` IS NULL;
