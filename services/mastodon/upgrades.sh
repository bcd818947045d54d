# shellcheck shell=bash
# Starts upgrades of Mastodon and Postgres, and shows what they say. Sourced after common.sh.

# follow UNIT COMMAND...: runs it, and shows what the unit's program logs meanwhile.
follow() {
  local follower code=0
  journalctl --quiet --follow --lines 0 --output cat --unit "$1.service" --identifier "$1" >&2 &
  follower=$!
  "${@:2}" || code=$?
  # Its last words.
  sleep 1
  kill "$follower" 2>/dev/null || true
  return "$code"
}

# upgrade NAME: runs NAME-upgrade.service, and fails with its reason.
upgrade() {
  local asker failed=$STATE/$1-upgrade-failed
  # A failed upgrade is not tried again by itself: each try restarts something.
  if [[ ${HOST_APPLY_UNIT:-} == 1 && -e $failed ]]; then die "the upgrade failed: $(<"$failed")"; fi
  # Who runs this over ssh, by the tailnet's account.
  asker=${SSH_CONNECTION:-}
  asker=$(tailscale whois --json "${asker%% *}" 2>/dev/null | jq -r '"\(.UserProfile.LoginName) on \(.Node.ComputedName)"') || true
  echo "${asker:-this machine}" >"$STATE/upgrade-by"
  follow "$1-upgrade" systemctl start "$1-upgrade.service" || die "$(cat "$failed" 2>/dev/null || echo "the upgrade was interrupted")"
}
