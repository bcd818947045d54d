#!/bin/sh
# Before a worker is deleted: it drains and leaves the tailnet. Runs where pulumi runs; HOST, HOST_KEY and PRIVATE_KEY are given.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
umask 077
printf '%s\n' "$PRIVATE_KEY" >"$folder/key"
printf '%s %s\n' "$HOST" "$HOST_KEY" >"$folder/known_hosts"
code=0
ssh -F none -i "$folder/key" -o IdentitiesOnly=yes -o UserKnownHostsFile="$folder/known_hosts" \
  -o StrictHostKeyChecking=yes -o BatchMode=yes -o ConnectTimeout=15 -o ConnectionAttempts=4 \
  -o ServerAliveInterval=15 -o ServerAliveCountMax=8 \
  "root@$HOST" /usr/local/sbin/mastodon-drain || code=$?
# 255 is ssh's own: nobody answered. A worker that is dead must not keep pulumi from deleting it; one that lives is
# shut down gracefully by DigitalOcean, which drains it too.
if [ "$code" -eq 255 ]; then
  echo "$HOST does not answer and is deleted without being drained; its device stays in the tailnet (npm run orphans)" >&2
  exit 0
fi
exit "$code"
