# shellcheck shell=bash
# Redis as a dump, on standard output: as a replica gets it, so that nothing depends on where Redis keeps its own.
# shellcheck disable=SC2154

problem() { echo "$1" >&2; }
fact() { :; }

main() {
  find_mastodon
  find_redis
  redis --rdb -
}
main </dev/null
