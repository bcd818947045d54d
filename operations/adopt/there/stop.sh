# shellcheck shell=bash
# Stops web, streaming and Sidekiq, and keeps them from starting at the next boot. What ran is listed in a file, for start.sh. Databases go on.
# MOVING is the program that answers in web's place.
# shellcheck disable=SC2154

running() {
  if [[ $runs == compose ]]; then
    containers | while IFS=$'\t' read -r id _ dir _ _ status command; do
      if [[ ${dir%.} == "$folder" && $status == Up* && $command =~ puma|'rails s'|sidekiq|streaming ]]; then
        echo "container $id $("${docker[@]}" inspect --format '{{.HostConfig.RestartPolicy.Name}}' "$id")"
      fi
    done
  else
    systemctl list-units --plain --no-legend --state=active,activating 'mastodon*.service' 'mastodon*.timer' |
      awk '{print $1}' | while read -r unit; do
      echo "unit $unit $(systemctl is-enabled "$unit" 2>/dev/null)"
    done
  fi
}

# Without it, the proxy's own error page says less, and nothing else is lost.
answer() {
  if ! command -v python3 >/dev/null || ! command -v systemd-run >/dev/null; then return; fi
  root systemd-run --quiet --collect --unit "$ANSWERING" python3 -c "$MOVING" "${env[PORT]:-3000}" 2>/dev/null
}

main() {
  find_mastodon
  if [[ $runs == unknown ]]; then exit 1; fi
  local list i
  list=$(running)
  # An earlier try may have stopped some of them.
  if [[ -n $list ]]; then printf '%s\n' "$list" | root tee -a "$STOPPED" >/dev/null || exit 1; fi
  printf '%s\n' "$list" | while read -r kind id was; do
    case $kind in
      container)
        "${docker[@]}" update --restart=no "$id" >/dev/null
        # Sidekiq takes 25 s to hand back what it works on.
        "${docker[@]}" stop --time 40 "$id" >/dev/null &
        ;;
      unit)
        if [[ $was == enabled ]]; then root systemctl disable --quiet "$id"; fi
        root systemctl stop "$id" &
        ;;
    esac
  done
  for ((i = 0; i < 90; i++)); do
    if [[ -z $(running) ]]; then
      answer
      fact stopped "$list"
      fact end "$(date -u +%FT%TZ)"
      return
    fi
    sleep 1
  done
  echo "still running after 90 s: $(running | tr '\n' ';')" >&2
  exit 1
}
main </dev/null
