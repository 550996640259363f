import type { Dialect } from "../../../sql/database.ts";

/**
 * Step `i` takes the tables from version `i` to `i + 1`. Steps are only ever
 * added: tables of every earlier version are brought forward at open. What is a
 * thing of its own is kept as JSON, with what is searched for beside it.
 * Rows of `hub` belong to one hub; in a file of its own it has no name. Times
 * are ms epoch.
 */
export function alertSchema({ serial, key }: Dialect): readonly string[] {
  return [
    `CREATE TABLE alert_settings (name ${key} PRIMARY KEY, value text NOT NULL);
     CREATE TABLE alert_hubs (hub ${key} PRIMARY KEY, seen_at bigint NOT NULL);
     CREATE TABLE alert_rules (id ${key} PRIMARY KEY, version bigint NOT NULL, rule text NOT NULL);
     CREATE TABLE alert_rule_versions (
       id ${key} NOT NULL, version bigint NOT NULL, at bigint NOT NULL, rule text NOT NULL, PRIMARY KEY (id, version)
     );
     CREATE TABLE alert_silences (id ${key} PRIMARY KEY, silence text NOT NULL);
     CREATE TABLE alert_channels (
       id ${key} PRIMARY KEY,
       version bigint NOT NULL,
       channel text NOT NULL,
       sealed text NOT NULL,
       sent bigint NOT NULL DEFAULT 0,
       failed bigint NOT NULL DEFAULT 0,
       failing bigint NOT NULL DEFAULT 0,
       last_sent_at bigint,
       last_error text,
       last_error_at bigint
     );
     CREATE TABLE alert_instances (
       hub ${key} NOT NULL,
       fingerprint ${key} NOT NULL,
       at bigint NOT NULL,
       state text NOT NULL,
       PRIMARY KEY (hub, fingerprint)
     );
     CREATE TABLE alert_episodes (
       id ${key} PRIMARY KEY,
       hub ${key} NOT NULL,
       rule_id ${key} NOT NULL,
       fingerprint ${key} NOT NULL,
       started_at bigint NOT NULL,
       ended_at bigint,
       episode text NOT NULL
     );
     CREATE INDEX alert_episodes_by_rule ON alert_episodes (rule_id, id);
     CREATE INDEX alert_episodes_by_fingerprint ON alert_episodes (fingerprint, id);
     CREATE INDEX alert_episodes_open ON alert_episodes (hub) WHERE ended_at IS NULL;
     CREATE TABLE alert_outbox (
       id ${serial},
       hub ${key} NOT NULL,
       dedupe_key ${key} NOT NULL UNIQUE,
       channel_id ${key} NOT NULL,
       group_key ${key} NOT NULL,
       interval_ms bigint NOT NULL,
       episode_id ${key},
       kind text NOT NULL,
       state text NOT NULL,
       attempts bigint NOT NULL DEFAULT 0,
       created_at bigint NOT NULL,
       since_at bigint NOT NULL,
       next_at bigint NOT NULL,
       lease_until bigint,
       lease_by text,
       sent_at bigint,
       provider_id text,
       last_error text,
       notice text NOT NULL
     );
     CREATE INDEX alert_outbox_waiting ON alert_outbox (channel_id, id) WHERE state IN ('queued', 'leased');
     CREATE INDEX alert_outbox_dead ON alert_outbox (channel_id) WHERE state = 'dead';
     CREATE INDEX alert_outbox_by_episode ON alert_outbox (episode_id, channel_id);
     CREATE INDEX alert_outbox_by_channel ON alert_outbox (channel_id, id);
     CREATE TABLE alert_groups (
       hub ${key} NOT NULL,
       channel_id ${key} NOT NULL,
       digest ${key} NOT NULL,
       sent_at bigint NOT NULL,
       PRIMARY KEY (hub, channel_id, digest)
     );`,
  ];
}
