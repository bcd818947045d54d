# shellcheck shell=bash
# Main as it was before the move: the empty database in its place, Redis empty. What a dump brought stays as the database mastodon_moved_TIME,
# and what a copy brought as the folder moved-TIME next to the cluster. LOSS is empty if posts that were made here since may be lost. SINCE is
# when the move began; empty for the last one.
# shellcheck disable=SC2154

# refuse_loss NAME: that ends with the time of the move.
refuse_loss() {
  local moment posts
  moment=$(sed -E 's/.*(....)(..)(..)(..)(..)(..)$/\1-\2-\3 \4:\5:\6/' <<<"$1")
  posts=$(psql -d mastodon -c "SELECT count(*) FROM statuses WHERE created_at > '$moment' AND account_id IN (SELECT account_id FROM users)")
  if [[ -n $LOSS && $posts != 0 ]]; then
    die "$posts posts were made here since the move; the old instance does not have them. To give them up: --yes"
  fi
}

# Mastodon, and all that holds what it knows.
stop_all() {
  systemctl stop mastodon-release.service
  systemctl stop mastodon.service
  systemctl stop pgbouncer.service redis-server.service
  rm -rf /var/lib/redis/appendonlydir /var/lib/redis/dump.rdb
}

# A copy that has taken the place of the empty cluster, or still follows.
give_back_copy() {
  local moment kept=${CLUSTER%/main}
  rm -rf /run/mastodon-host/moving
  moment=$(cat "$CLUSTER/$MARK" 2>/dev/null || true)
  if [[ $moment > $SINCE ]]; then
    # It has that name only if the exchange was cut off.
    if [[ -e $COPY ]]; then mv -T "$COPY" "$EMPTY"; fi
    [[ -e $EMPTY ]] || die "the empty database of before the move is no longer there"
    refuse_loss "$moment"
    stop_all
    systemctl stop "$(unit "$major")"
    mv --exchange -T "$EMPTY" "$CLUSTER"
    mv -T "$EMPTY" "$kept/moved-$moment"
    sync -f "$CLUSTER"
    systemctl start "$(unit "$major")"
    put "$NEEDED" <<<again
    log "the empty database is back; what was copied is $kept/moved-$moment"
  elif [[ -e $COPY ]]; then
    server "$COPY" stop -m immediate 2>/dev/null || true
    rm -rf "$COPY"
  fi
  if [[ $(redis INFO replication) == *role:slave* ]]; then stop_all; fi
}

main() {
  local before moved
  give_back_copy
  before=$(psql -c "SELECT max(datname) FROM pg_database WHERE datname ~ '^mastodon_before_\d{14}$' AND datname >= 'mastodon_before_$SINCE'")
  if [[ -n $before ]]; then
    refuse_loss "$before"
    stop_all
    moved=mastodon_moved_$(date -u +%Y%m%d%H%M%S)
    # Both names change, or neither.
    psql -1 -f - <<SQL
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'mastodon' \g /dev/null
ALTER DATABASE mastodon RENAME TO $moved;
ALTER DATABASE $before RENAME TO mastodon;
SQL
    log "the empty database is back; what was restored is $moved"
  fi
  rm -rf "$FOLDER"
}
main </dev/null
