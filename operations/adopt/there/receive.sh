# shellcheck shell=bash
# A dump in SQL on standard input, after this script, becomes the database NAME_returning. What is older than main's Postgres does not know
# its newest settings.
# shellcheck disable=SC2154,SC2329 # variables and callers are in oldServer.sh

problem() { echo "$1" >&2; }
fact() { :; }

main() {
  local name rules
  {
    find_mastodon
    find_database && find_admin || exit 1
    name=${env[DB_NAME]:-mastodon_production}
    in_database "${name}_returning" "${sql[@]}"
    rules=$("${sql[@]}" "${psql_options[@]}" --command \
      "SELECT format('ENCODING %L LC_COLLATE %L LC_CTYPE %L', pg_encoding_to_char(encoding), datcollate, datctype) FROM pg_database WHERE datname = current_database()")
    ask_admin "DROP DATABASE IF EXISTS \"${name}_returning\"" || exit 1
    ask_admin "CREATE DATABASE \"${name}_returning\" OWNER \"${env[DB_USER]:-mastodon}\" TEMPLATE template0 $rules" || exit 1
  } </dev/null
  set -o pipefail
  gunzip | sed -e '/^SET transaction_timeout = /d' -e '/^\\\(un\)\?restrict /d' |
    "${way_in[@]}" --no-psqlrc --quiet --output /dev/null --set ON_ERROR_STOP=1
}
# In one line, and the last: what follows it on standard input is the dump.
main; exit
