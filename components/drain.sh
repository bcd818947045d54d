#!/bin/sh
# Before a worker is deleted: it drains and leaves the tailnet. Runs where pulumi runs; HOST, HOST_KEY and PRIVATE_KEY are given.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
umask 077
printf '%s\n' "$PRIVATE_KEY" >"$folder/key"
printf '%s %s\n' "$HOST" "$HOST_KEY" >"$folder/known_hosts"

# drain: sets code to the exit code of the worker's script, or to ssh's own 255.
drain() {
  code=0
  LC_ALL=C ssh -F none -i "$folder/key" -o IdentitiesOnly=yes -o UserKnownHostsFile="$folder/known_hosts" \
    -o StrictHostKeyChecking=yes -o BatchMode=yes -o ConnectTimeout=15 -o ServerAliveInterval=15 -o ServerAliveCountMax=8 \
    "root@$HOST" /usr/local/sbin/mastodon-drain 2>"$folder/said" || code=$?
}
said() { grep -Eqi "$1" "$folder/said"; }
# Nobody answers: the name does not resolve (MagicDNS is late, or the device is gone), or the connection fails or breaks.
# ssh ends with 255 for its own reasons too (a refused key, another host key), and those are no sign of a dead worker.
unanswered() {
  [ "$code" -eq 255 ] && ! said 'permission denied|authentication|host key' &&
    said 'could not resolve hostname|connect to host|timed out|not responding|connection (reset|refused|closed|to .* closed)|broken pipe|kex_exchange_identification'
}

end=$(($(date +%s) + 60))
drain
while unanswered && [ "$(date +%s)" -lt "$end" ]; do
  sleep 5
  drain
done
cat "$folder/said" >&2

# A dead worker must not keep pulumi from deleting it. One that lives is shut down gracefully by DigitalOcean, which drains it too.
if unanswered; then
  echo "$HOST did not answer for a minute and is deleted without being drained; its device stays in the tailnet (npm run orphans)" >&2
  exit 0
fi
if [ "$code" -eq 255 ]; then
  if said 'host key verification failed|no matching host key'; then
    echo "$HOST answers with a host key that is not this worker's. Another device may have its name: look at tailscale status." >&2
  elif said 'permission denied|authentication'; then
    echo "$HOST does not accept the stack's ssh key, so it was not drained. Look at the tailnet's policy (ssh from this machine, port 22) and at /root/.ssh/authorized_keys there." >&2
  else
    echo "ssh to $HOST failed for the reason above, so the worker was not drained." >&2
  fi
  echo "Nothing was deleted. Repair that and run pulumi up again. If the worker is dead, power its droplet off (doctl compute droplet-action power-off ID): the next up then deletes it." >&2
fi
exit "$code"
