# shellcheck shell=bash
# How many rows each table has.
# shellcheck disable=SC2154

main() {
  find_mastodon
  find_database || exit 1
  fact rows "$(printf '%s' "$SQL_ROWS" | "${sql[@]}" "${psql_options[@]}" --set ON_ERROR_STOP=1)"
  fact end "$(date -u +%FT%TZ)"
}
main </dev/null
