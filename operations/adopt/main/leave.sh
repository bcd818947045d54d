# shellcheck shell=bash
# The database as a dump in SQL, compressed, on standard output: an older Postgres reads it, too.

main() {
  runuser -u postgres -- pg_dump --no-owner --no-privileges --exclude-extension=pg_stat_statements mastodon | gzip -1
}
main </dev/null
