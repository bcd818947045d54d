# shellcheck shell=bash
# ACTION exchange: the database that came from main takes the place of the old one, which stays as NAME_before_TIME, and Redis is empty: the
# jobs in it were done on main. forget: what came from main is removed. room: whether there is room for it, and whether the code knows all
# of main's migrations (MIGRATIONS).
# shellcheck disable=SC2154

problem() { echo "$1" >&2; }

# Of its code. Web's container is there, but does not run.
migrations() {
  local name dir
  if [[ $runs == compose ]]; then
    dir=$("${docker[@]}" inspect --format '{{.Config.WorkingDir}}' "$web")
    for name in migrate post_migrate; do "${docker[@]}" cp "$web:$dir/db/$name" - 2>/dev/null | tar --list; done
  else
    inside ls db/migrate db/post_migrate
  fi | sed -n 's/^\(.*\/\)\?\([0-9]\{14\}\)_.*\.rb$/\2/p'
}

room() {
  local free missing
  free=$(df --output=avail --block-size=1 "${folder:-/}" | tail -n 1)
  if ((free < BYTES * 2)); then problem "it has room for $((free >> 20)) MiB, and this may take $((BYTES >> 19))" && return 1; fi
  missing=$(comm -13 <(migrations | sort) <(printf '%s\n' "$MIGRATIONS" | sort) | grep -c .)
  if ((missing > 0)); then
    problem "its code does not know $missing of main's migrations: bring it to main's release first, without a migration of its database"
    return 1
  fi
}

exchange() {
  local name=${env[DB_NAME]:-mastodon_production} before
  before=${name}_before_$(date -u +%Y%m%d%H%M%S)
  printf '%s\n' "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname IN ('$name', '${name}_returning') AND pid <> pg_backend_pid();" \
    "BEGIN; ALTER DATABASE \"$name\" RENAME TO \"$before\"; ALTER DATABASE \"${name}_returning\" RENAME TO \"$name\"; COMMIT;" |
    "${admin[@]}" "${psql_options[@]}" --set ON_ERROR_STOP=1 >/dev/null || return 1
  find_redis
  redis FLUSHDB >/dev/null || return 1
  fact before "$before"
}

forget() { ask_admin "DROP DATABASE IF EXISTS \"${env[DB_NAME]:-mastodon_production}_returning\""; }

main() {
  find_mastodon
  find_database && find_admin || exit 1
  "$ACTION" || exit 1
  fact end "$(date -u +%FT%TZ)"
}
main </dev/null
