ALTER TABLE `records` ADD `promised_n` integer;--> statement-breakpoint
ALTER TABLE `records` ADD `promised_node` text;