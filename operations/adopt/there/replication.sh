# shellcheck shell=bash
# For the copy by replication. ACTION begin: makes the role mastodon_moving, whose password is PASSWORD, and prints what main has to know.
# state: prints how far the old server is, and how far main. end: removes the role. Nothing else changes there, and no replication slot is
# made, which would fill this server's disk if nobody came for what it keeps.
# shellcheck disable=SC2154

problem() { echo "$1" >&2; }

begin() {
  # Its password is on no command line, and Postgres logs no statement that has it.
  printf '%s\n' "SET log_statement = 'none';" "SET log_min_duration_statement = -1;" "SET log_min_error_statement = 'panic';" \
    "DROP ROLE IF EXISTS mastodon_moving;" "CREATE ROLE mastodon_moving LOGIN REPLICATION PASSWORD '$PASSWORD';" |
    "${admin[@]}" "${psql_options[@]}" --set ON_ERROR_STOP=1 2>/dev/null || {
    problem "the role mastodon_moving could not be made"
    return 1
  }
  find_redis
  fact superuser "$(ask_admin 'SELECT rolname FROM pg_roles WHERE oid = 10')"
  fact database "${env[DB_NAME]:-mastodon_production}"
  fact redisUser "${env[REDIS_USER]-}"
  fact redisPassword "${REDISCLI_AUTH-}"
}

# LSNs as numbers. A standby that has everything that was ever written there has what Mastodon wrote.
state() {
  find_redis
  fact written "$(ask_admin "SELECT pg_wal_lsn_diff(pg_current_wal_flush_lsn(), '0/0')")"
  fact replayed "$(ask_admin "SELECT coalesce(max(pg_wal_lsn_diff(replay_lsn, '0/0')), -1) FROM pg_stat_replication
    WHERE application_name = 'mastodon_moving' AND state = 'streaming'")"
  fact redis "$(redis INFO replication | tr -d '\r' | sed -n 's/^master_repl_offset://p')"
}

# Everybody may see which roles there are.
end() {
  if [[ -n $("${sql[@]}" "${psql_options[@]}" --command "SELECT 1 FROM pg_roles WHERE rolname = 'mastodon_moving'" </dev/null) ]]; then
    find_admin && ask_admin 'DROP ROLE IF EXISTS mastodon_moving'
  fi
}

main() {
  find_mastodon
  find_database || exit 1
  if [[ $ACTION != end ]]; then find_admin || exit 1; fi
  "$ACTION" || exit 1
  fact end "$(date -u +%FT%TZ)"
}
main </dev/null
