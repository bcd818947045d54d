# shellcheck shell=bash
# The copies take the place of main's own: Postgres is promoted and becomes like one that began here, Redis is a replica no more. DATABASE is
# the old database's name; SUPERUSER as in standby.sh; REDIS_DATABASE the old instance's number in Redis, empty if Redis does not come along.
# shellcheck disable=SC2154

# as ROLE DATABASE [OPTION...]
as() { runuser -u postgres -- psql -qtAX -v ON_ERROR_STOP=1 -h "$room" -p 5499 -U "$1" -d "$2" "${@:3}"; }

promote_postgres() {
  server "$COPY" promote
  wait_until 300 "Postgres to accept connections" recovered
  # A role cannot change its own name: this one can change all others, and goes last.
  as "$SUPERUSER" template1 -c "ALTER ROLE mastodon_moving SUPERUSER"
  as mastodon_moving template1 -v database="$DATABASE" -v superuser="$SUPERUSER" <<<"$SQL_ROLES"
  as mastodon_moving mastodon <<<"$SQL_OWNER"
  as postgres postgres -c "DROP ROLE mastodon_moving"
  # Nothing of primary_conninfo stays.
  put "$COPY/postgresql.auto.conf" </dev/null
  to_archive "$COPY"
  rm -rf /run/mastodon-host/moving
}

exchange_clusters() {
  date -u +%Y%m%d%H%M%S | put "$COPY/$MARK"
  systemctl stop pgbouncer.service "$(unit "$major")"
  rm -rf "$EMPTY"
  mv --exchange -T "$COPY" "$CLUSTER"
  mv -T "$COPY" "$EMPTY"
  sync -f "$CLUSTER"
  # Role, password and extension as on every main.
  /usr/local/lib/mastodon-host/steps/55-postgres
  put "$NEEDED" <<<again
}

promote_redis() {
  redis REPLICAOF NO ONE >/dev/null
  redis CONFIG SET masterauth "" >/dev/null
  redis CONFIG SET masteruser "" >/dev/null
  if [[ $REDIS_DATABASE != 0 ]]; then
    redis SWAPDB 0 "$REDIS_DATABASE" >/dev/null
    redis -n "$REDIS_DATABASE" FLUSHDB >/dev/null
  fi
}

main() {
  promote_postgres
  exchange_clusters
  if [[ -n $REDIS_DATABASE ]]; then promote_redis; fi
}
main </dev/null
