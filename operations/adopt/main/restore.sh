# shellcheck shell=bash
# The dump becomes main's database; Mastodon stays stopped.

main() {
  /usr/local/lib/mastodon-host/restore-dump --adopt "$FOLDER/old.dump.gpg"
  rm -f "$FOLDER/old.dump.gpg"
}
main </dev/null
