# shellcheck shell=bash
# What all scripts of the host share. Sourced, after `set -euo pipefail`.

STATE=/var/lib/mastodon-host
# shellcheck disable=SC2034 # for the scripts that source this
SECRETS=/etc/mastodon-host/secrets
# shellcheck source=/dev/null
. /etc/mastodon-host/host.env

log() { echo "${0##*/}: $*" >&2; }

die() {
  log "$*"
  exit 1
}

# changed PATH...: whether one of them has changed since the last successful apply.
changed() {
  local path
  for path in "$@"; do
    if grep -qsFx -- "$path" "$STATE/changed"; then return 0; fi
  done
  return 1
}

# enable_units UNIT...: enables those that are not enabled, or that need to be wanted by more units than before; each makes systemd reload
# all units.
enable_units() {
  local unit missing=()
  for unit in "$@"; do
    if changed "/etc/systemd/system/$unit" || [[ $(systemctl is-enabled "$unit" 2>/dev/null) != enabled ]]; then
      missing+=("$unit")
    fi
  done
  ((${#missing[@]} == 0)) || systemctl enable --quiet "${missing[@]}"
}

# run_unit UNIT PATH...: enables and starts it, and restarts it if a path has changed: once, however often an apply has to be repeated.
run_unit() {
  local restarted=$STATE/restarted/$1
  enable_units "$1"
  if changed "${@:2}" && [[ ! $restarted -nt $STATE/changed ]]; then
    systemctl restart "$1"
    mkdir -p "${restarted%/*}"
    touch "$restarted"
  else
    systemctl start "$1"
  fi
}

# retry TIMES COMMAND...: for what may fail because of the network; waits longer each time.
retry() {
  local times=$1 i
  shift
  for ((i = 1; i <= times; i++)); do
    if "$@"; then return 0; fi
    if ((i < times)); then
      log "failed, try $i of $times: $*"
      sleep $((i * 5))
    fi
  done
  log "failed $times times: $*"
  return 1
}

# wait_until SECONDS WHAT COMMAND...: reports about every 15 s what it waits for, and at the limit what it waited for.
wait_until() {
  local limit=$1 what=$2 end=$((SECONDS + $1)) said=$SECONDS
  shift 2
  until "$@" >/dev/null 2>&1; do
    if ((SECONDS >= end)); then
      log "waited $limit s for $what"
      return 1
    fi
    if ((SECONDS - said >= 15)); then
      said=$SECONDS
      log "waiting for $what"
    fi
    sleep 2
  done
}
