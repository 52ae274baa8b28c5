# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What PostgreSQL (10 and later) is asked: statements that only read, each of which gives one JSON document."""

from __future__ import annotations

_CLIENT = "(backend_type = 'client backend' OR backend_type IS NULL AND datname IS NOT NULL)"
"""Sessions of clients: a role without pg_monitor sees that others are there, and nothing of them."""

STATE = """
SELECT json_build_object(
  'max_connections', current_setting('max_connections')::int,
  'reserved', current_setting('superuser_reserved_connections')::int
    + coalesce(nullif(current_setting('reserved_connections', true), '')::int, 0),
  'database_limit', (SELECT datconnlimit FROM pg_database WHERE datname = current_database()),
  'database_used', (SELECT count(*) FROM pg_stat_activity WHERE {client} AND datname = current_database()),
  'used', (SELECT count(*) FROM pg_stat_activity WHERE {client}),
  'active', (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND state = 'active' AND pid <> pg_backend_pid()),
  'hidden', (SELECT count(*) FROM pg_stat_activity WHERE {client} AND query = '<insufficient privilege>'),
  'idle_in_transaction', (SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'
    AND now() - state_change > interval '10 s'),
  'oldest_idle', (SELECT extract(epoch FROM max(now() - state_change)) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'),
  'oldest_transaction', (SELECT extract(epoch FROM max(clock_timestamp() - xact_start)) FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()),
  'blocked', (SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND clock_timestamp() - query_start > interval '1 s'),
  'longest_blocked', (SELECT extract(epoch FROM max(clock_timestamp() - query_start)) FROM pg_stat_activity WHERE wait_event_type = 'Lock'),
  'blocker', (SELECT json_build_object('query', left(b.query, 500), 'state', b.state,
      'idle', extract(epoch FROM clock_timestamp() - b.state_change))
    FROM pg_stat_activity w, LATERAL unnest(pg_blocking_pids(w.pid)) AS by(pid)
    JOIN pg_stat_activity b ON b.pid = by.pid WHERE w.wait_event_type = 'Lock' AND b.wait_event_type IS DISTINCT FROM 'Lock'
    ORDER BY w.query_start LIMIT 1),
  'recovery', pg_is_in_recovery(),
  'standby_lag', CASE WHEN pg_is_in_recovery() AND pg_last_wal_receive_lsn() IS DISTINCT FROM pg_last_wal_replay_lsn()
    THEN extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) END,
  'receiving', (SELECT count(*) FROM pg_stat_wal_receiver),
  'follows', (SELECT setting <> '' FROM pg_settings WHERE name = 'primary_conninfo'),
  'transaction_age', (SELECT max(age(datfrozenxid)) FROM pg_database),
  'replicas', (SELECT count(*) FROM pg_stat_replication),
  'replica_lag', (SELECT extract(epoch FROM max(replay_lag)) FROM pg_stat_replication),
  'slots', (SELECT json_agg(json_build_object('name', s.slot_name, 'active', s.active, 'status', to_jsonb(s) ->> 'wal_status', 'kept',
      CASE WHEN s.restart_lsn IS NOT NULL THEN pg_wal_lsn_diff(
        CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END, s.restart_lsn) END))
    FROM pg_replication_slots s WHERE NOT s.temporary),
  'deadlocks', (SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()),
  'version', current_setting('server_version_num')::int
)
""".replace("{client}", _CLIENT)

RUNNING = """
SELECT coalesce(json_agg(s), '[]'::json) FROM (
  SELECT query, count(*) AS running, extract(epoch FROM max(clock_timestamp() - query_start)) AS longest
  FROM pg_stat_activity
  WHERE backend_type = 'client backend' AND state = 'active' AND pid <> pg_backend_pid() AND datname = current_database()
    AND wait_event_type IS DISTINCT FROM 'Lock' AND clock_timestamp() - query_start > interval '0.5 s'
  GROUP BY query ORDER BY longest DESC LIMIT 20) s
"""
"""Statements that have run for half a second and more; those that wait for a lock are slow for another's sake."""

STATISTICS = """
SELECT coalesce(json_agg(s), '[]'::json) FROM (
  SELECT left(query, 4000) AS query, calls, {mean} / 1000.0 AS average
  FROM pg_stat_statements
  WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND {mean} > 100
  ORDER BY {total} DESC LIMIT 20) s
"""
"""Statements with an average of a tenth of a second and more, those first that took most time in all. Columns are named by the version."""

HAS_STATISTICS = """
SELECT json_build_object('view', (SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relname = 'pg_stat_statements' AND pg_table_is_visible(c.oid) LIMIT 1),
  'new_names', EXISTS (SELECT 1 FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
  WHERE c.relname = 'pg_stat_statements' AND a.attname = 'mean_exec_time'))
"""

TOGETHER = f"SELECT json_build_object('state', ({STATE}), 'running', ({RUNNING}), 'statistics', ({HAS_STATISTICS}))"
"""In one round trip."""

TABLES = """
SELECT coalesce(json_agg(t), '[]'::json) FROM (
  SELECT c.relname AS name, n.nspname AS schema, c.relkind AS kind, pg_table_is_visible(c.oid) AS visible,
    greatest(c.reltuples, coalesce((SELECT sum(s.n_live_tup) FROM pg_stat_all_tables s
      WHERE s.relid = c.oid OR c.relkind = 'p' AND s.relid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = c.oid)), 0)) AS rows,
    (SELECT json_agg(h.relname) FROM pg_inherits i JOIN pg_class h ON h.oid = i.inhrelid
      WHERE c.relkind = 'r' AND i.inhparent = c.oid) AS heirs,
    CASE WHEN c.relkind = 'p' THEN coalesce((SELECT sum(pg_relation_size(inhrelid)) FROM pg_inherits WHERE inhparent = c.oid), 0)
      ELSE pg_relation_size(c.oid) END AS bytes,
    (SELECT coalesce(json_agg(json_build_object('name', a.attname,
        'type', format_type(a.atttypid, NULL), 'distinct', (SELECT st.n_distinct FROM pg_stats st
        WHERE st.schemaname = n.nspname AND st.tablename = c.relname AND st.attname = a.attname LIMIT 1))), '[]'::json)
      FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
    (SELECT coalesce(json_agg(json_build_object(
        'name', ic.relname, 'usable', i.indisvalid AND i.indisready AND i.indislive, 'method', am.amname,
        'first', pg_get_indexdef(i.indexrelid, 1, true), 'is_column', i.indkey[0] <> 0,
        'keys', (SELECT json_agg(pg_get_indexdef(i.indexrelid, k::int, true) ORDER BY k)
          FROM generate_series(1, least(i.indnatts, 8)) AS k),
        'operators', (SELECT opc.opcname FROM pg_opclass opc WHERE opc.oid = i.indclass[0]),
        'collation', (SELECT co.collname FROM pg_collation co WHERE co.oid = i.indcollation[0]),
        'condition', pg_get_expr(i.indpred, i.indrelid, true))), '[]'::json)
      FROM pg_index i JOIN pg_class ic ON ic.oid = i.indexrelid JOIN pg_am am ON am.oid = ic.relam
      WHERE i.indrelid = c.oid) AS indexes,
    (SELECT datcollate FROM pg_database WHERE datname = current_database()) AS locale
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'm', 'v', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
    AND c.relname = {names}
  ORDER BY pg_table_is_visible(c.oid) DESC, n.nspname LIMIT 20) t
"""
"""Tables of some names in any schema, with their columns and indexes."""
