# shellcheck shell=bash
# Which release of Mastodon is wanted, which one runs, and what is published for workers. Sourced after common.sh.

# From the bundle: the release that is wanted.
WANTED=/etc/mastodon/.env
# What is true, on the volume with the database that it describes. mastodon-compose reads it after the file above.
#   MASTODON_VERSION   the release that runs
#   STREAMING_VERSION  streaming's release: streaming restarts only if its code changes
#   OLDEST_VERSION     the oldest release that still works with the database
#   PHASE              moving: processes are changing to the release; held: its post-deployment migrations wait; done: all have run
RECORD=/srv/data/mastodon/running.env
# shellcheck disable=SC2034 # for the scripts that source this
HISTORY=${RECORD%/*}/upgrades.jsonl
# In Redis, for workers: `version` is the release that runs, `coming` the one to pull.
KEY=mastodon-hosting:release
# shellcheck disable=SC2034
WITHDRAWN=$KEY:withdrawn

redis() { REDISCLI_AUTH=$(<"$SECRETS/redis-password") redis-cli -e -h 127.0.0.1 "$@"; }

# Prints nothing if there is no such file yet.
value() { sed -n "s/^$2=//p" "$1" 2>/dev/null || true; }
wanted() { value "$WANTED" MASTODON_VERSION; }
recorded() { value "$RECORD" "$1"; }

# record VERSION STREAMING OLDEST PHASE: in one atomic write, synced.
record() {
  install -d "${RECORD%/*}"
  printf 'MASTODON_VERSION=%s\nSTREAMING_VERSION=%s\nOLDEST_VERSION=%s\nPHASE=%s\n' "$@" >"$RECORD.new"
  sync "$RECORD.new"
  mv "$RECORD.new" "$RECORD"
}

schema() {
  runuser -u postgres -- psql -qtAX -d mastodon -c 'SELECT max(version) FROM schema_migrations' 2>/dev/null || true
}

# rails VERSION TASK [OPTION...]: in that release's image, directly to Postgres: migrations keep session state, which a transaction pooler
# loses. Options are those of `docker compose run`.
rails() {
  MASTODON_VERSION=$1 mastodon-compose run --rm -T -e DB_HOST=127.0.0.1 -e DB_PORT=5432 -e SAFETY_ASSURED=1 "${@:3}" \
    tools bundle exec rails "$2"
}

# comes_up CONTAINER: waits at most five minutes until it passes its health check. A container that keeps ending has failed.
comes_up() {
  local state ended=0 end=$((SECONDS + 300)) said=$SECONDS
  while state=$(docker inspect -f '{{.State.Status}} {{.State.Health.Status}}' "$1" 2>/dev/null) && [[ $state != "running healthy" ]]; do
    if [[ $state == exited* ]]; then ended=$((ended + 1)); fi
    if ((ended >= 8 || SECONDS >= end)); then
      log "$1 does not come up ($state); its last words:"
      docker logs --tail 5 "$1" >&2 || true
      return 1
    fi
    if ((SECONDS - said >= 15)); then
      said=$SECONDS
      log "waiting for $1 ($state)"
    fi
    sleep 1
  done
  [[ -n $state ]]
}
