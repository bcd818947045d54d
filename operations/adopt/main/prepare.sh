# shellcheck shell=bash
# Stops Mastodon on main, and with it the workers' Sidekiq: it must do no job of the old instance on the empty database. Prints when that was,
# as it is in the names of databases.

main() {
  # Your accounts come along: no owner has to be made.
  touch "$STATE/owner-account"
  systemctl stop mastodon-release.service
  systemctl stop mastodon.service
  rm -rf "$FOLDER"
  install -d -m 0700 "$FOLDER"
  date -u +%Y%m%d%H%M%S
}
main </dev/null
