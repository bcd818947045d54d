# shellcheck shell=bash
# Starts what stop.sh has stopped, as it was.
# shellcheck disable=SC2154

main() {
  local list
  find_mastodon
  root systemctl stop "$ANSWERING" 2>/dev/null
  list=$(root cat "$STOPPED" 2>/dev/null)
  printf '%s\n' "$list" | while read -r kind id was; do
    case $kind in
      container)
        "${docker[@]}" update --restart="${was:-always}" "$id" >/dev/null
        "${docker[@]}" start "$id" >/dev/null || exit 1
        ;;
      unit)
        if [[ $was == enabled ]]; then root systemctl enable --quiet "$id"; fi
        root systemctl start "$id" || exit 1
        ;;
    esac
  done || exit 1
  root rm -f "$STOPPED"
  fact started "$list"
  fact end "$(date -u +%FT%TZ)"
}
main </dev/null
