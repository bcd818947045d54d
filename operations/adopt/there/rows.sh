# shellcheck shell=bash
# How many rows each table has, in Mastodon's database or, with RETURNING, in the one that came from main.
# shellcheck disable=SC2154

main() {
  find_mastodon
  find_database || exit 1
  if [[ -n ${RETURNING-} ]]; then
    in_database "${env[DB_NAME]:-mastodon_production}_returning" "${sql[@]}"
    sql=("${way_in[@]}")
  fi
  fact rows "$(printf '%s' "$SQL_ROWS" | "${sql[@]}" "${psql_options[@]}" --set ON_ERROR_STOP=1)"
  fact end "$(date -u +%FT%TZ)"
}
main </dev/null
