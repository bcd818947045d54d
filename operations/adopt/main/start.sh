# shellcheck shell=bash
# Starts everything: Redis takes in its dump, the release migrates the database if it has to, workers follow.
# shellcheck disable=SC2154

main() {
  rm -rf "$FOLDER"
  # In one go: each alone would bring up parts of the others.
  systemctl start redis-server.service pgbouncer.service mastodon.service mastodon-traffic.service mastodon-release.service
  mastodon-ready 600
  if [[ -n ${FEEDS-} ]]; then tootctl feeds build; fi
}
main </dev/null
