# shellcheck shell=bash
# Main begins to follow the old server: Postgres as a standby next to the empty cluster, Redis as a replica. PASSWORD is
# mastodon_moving's; REDIS_PASSWORD and REDIS_USER are empty if there is none; REDIS is empty if it does not come along. SUPERUSER is the
# name of the role that made the old cluster.
# shellcheck disable=SC2154

access=/run/mastodon-host/moving
# An up must not start Mastodon on half a copy. As long as that folder exists, the unit does not start.
held=/run/systemd/system/mastodon.service.d/moving.conf

follow_postgres() {
  local said=0 line
  server "$COPY" stop -m immediate 2>/dev/null || true
  rm -rf "$COPY"
  install -d -o postgres -g postgres -m 0700 "$COPY"
  # Only root and Postgres get into its folder.
  install -o postgres -g postgres -m 0600 <(echo "local all all trust") "$access/pg_hba.conf"
  install -o postgres -g postgres -m 0600 <(echo "*:*:*:*:$PASSWORD") "$access/pgpass"
  # Whole files, checked; a checkpoint at once, since a spread one takes minutes.
  runuser -u postgres -- env PGPASSFILE="$access/pgpass" "$(bin "$major")/pg_basebackup" --pgdata "$COPY" --host 127.0.0.1 --port "$POSTGRES_PORT" \
    --username mastodon_moving --wal-method stream --checkpoint fast --progress 2>&1 >/dev/null | while read -r line; do
    if ((SECONDS - said >= 15)) || [[ $line != *%* ]]; then
      said=$SECONDS
      log "${line# }"
    fi
  done
  log "checking the copy"
  runuser -u postgres -- "$(bin "$major")/pg_verifybackup" --quiet "$COPY"
  # What was set there by ALTER SYSTEM is for another machine.
  put "$COPY/postgresql.auto.conf" <<CONF
primary_conninfo = 'host=127.0.0.1 port=$POSTGRES_PORT user=mastodon_moving application_name=mastodon_moving passfile=$access/pgpass'
wal_receiver_create_temp_slot = on
wal_receiver_status_interval = '1s'
CONF
  runuser -u postgres -- touch "$COPY/standby.signal"
  start_private "$COPY" "hba_file=$access/pg_hba.conf"
  log "following"
}

follow_redis() {
  # Not on a command line.
  printf %s "$REDIS_PASSWORD" | redis -x CONFIG SET masterauth >/dev/null
  printf %s "$REDIS_USER" | redis -x CONFIG SET masteruser >/dev/null
  redis REPLICAOF 127.0.0.1 "$REDIS_PORT" >/dev/null
}

main() {
  install -d -o postgres -g postgres -m 0700 "$access"
  install -D -m 0644 <(printf '[Unit]\nConditionPathExists=!%s\n' "$access") "$held"
  systemctl daemon-reload
  follow_postgres
  if [[ -n $REDIS ]]; then follow_redis; fi
}
main </dev/null
