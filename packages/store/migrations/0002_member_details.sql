ALTER TABLE `members` ADD `version` text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE `members` ADD `incarnation` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `members` ADD `gone_at` integer;