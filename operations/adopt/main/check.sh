# shellcheck shell=bash
# Whether main is as a first `up` leaves it, has room, and has the old instance's keys. BYTES is what the move takes on the volume; KEYS are
# lines of a variable and its value's SHA-256.
# shellcheck disable=SC2154

main() {
  mastodon-ready 60
  local users posts room name sum config
  read -r users posts < <(psql -d mastodon -F ' ' -c 'SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM statuses)')
  ((users <= 1 && posts == 0)) ||
    die "main is in use: it has $users users and $posts posts. An instance moves only into a main that is new"
  room=$(df --output=avail -B1 /srv/data | tail -n 1)
  ((room > BYTES)) || die "the data volume has room for $((room >> 20)) MiB, and this may take $((BYTES >> 20)): make main.volumeGiB larger"
  config=$(mastodon-compose config --format json)
  while read -r name sum; do
    if [[ $(jq -j --arg name "$name" '.services.web.environment[$name] // ""' <<<"$config" | sha256sum | cut -d' ' -f1) != "$sum" ]]; then
      die "$name is another one here than on the old server: set it with npm run adopt -- secrets, before the first up"
    fi
  done <<<"$KEYS"
}
main </dev/null
