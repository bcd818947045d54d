# shellcheck shell=bash
# The database as a dump in Postgres' own format, on standard output. Light compression: the site is down meanwhile.
# shellcheck disable=SC2154

problem() { echo "$1" >&2; }
fact() { :; }

main() {
  find_mastodon
  find_database || exit 1
  # The same way in.
  "${sql[@]/#psql/pg_dump}" --format=custom --compress=3 --no-owner --no-privileges --lock-wait-timeout=30000
}
main </dev/null
