# shellcheck shell=bash
# How many rows each table has.
# shellcheck disable=SC2154

main() { psql -d mastodon -c "$SQL_ROWS"; }
main </dev/null
