# shellcheck shell=bash
# Main as it was before the move: the empty database in its place, Redis empty. What was restored stays as mastodon_moved_TIME. LOSS is empty if
# posts that were made here since may be lost. SINCE is when the move began; empty for the last one.
# shellcheck disable=SC2154

main() {
  local before moved moment posts
  before=$(psql -c "SELECT max(datname) FROM pg_database WHERE datname ~ '^mastodon_before_\d{14}$' AND datname >= 'mastodon_before_$SINCE'")
  if [[ -n $before ]]; then
    moment=$(sed -E 's/.*_(....)(..)(..)(..)(..)(..)$/\1-\2-\3 \4:\5:\6/' <<<"$before")
    posts=$(psql -d mastodon -c "SELECT count(*) FROM statuses WHERE created_at > '$moment' AND account_id IN (SELECT account_id FROM users)")
    if [[ -n $LOSS && $posts != 0 ]]; then
      die "$posts posts were made here since the move; the old instance does not have them. To give them up: --yes"
    fi
    systemctl stop mastodon-release.service
    systemctl stop mastodon.service
    systemctl stop pgbouncer.service redis-server.service
    moved=mastodon_moved_$(date -u +%Y%m%d%H%M%S)
    # Both names change, or neither.
    psql -1 -f - <<SQL
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'mastodon' \g /dev/null
ALTER DATABASE mastodon RENAME TO $moved;
ALTER DATABASE $before RENAME TO mastodon;
SQL
    rm -rf /var/lib/redis/appendonlydir /var/lib/redis/dump.rdb
    log "the empty database is back; what was restored is $moved"
  fi
  rm -rf "$FOLDER"
}
main </dev/null
