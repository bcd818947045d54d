# shellcheck shell=bash
# In front of each script that runs on main.
# shellcheck disable=SC2034 # for those scripts
set -euo pipefail
# shellcheck source=/dev/null
. /usr/local/lib/mastodon-host/common.sh

FOLDER=/srv/data/moving
psql() { runuser -u postgres -- psql -qtAX -v ON_ERROR_STOP=1 "$@"; }
redis() { REDISCLI_AUTH=$(<"$SECRETS/redis-password") redis-cli -e -h 127.0.0.1 "$@"; }

# Files of a cluster that is not the one that serves, and what belongs to a copy by replication.
for library in clusters repository recovery; do
  # shellcheck source=/dev/null
  . "/usr/local/lib/mastodon-host/$library.sh"
done
major=$(serving_major)
CLUSTER=$(data "$major")
COPY=${CLUSTER%/main}/moving
# The empty cluster of before, kept for the way back. The one that took its place has this file, with the time of the move.
EMPTY=$CLUSTER.before-move MARK=moved-in
# Here the old server answers while a copy is made: operations/adopt/tunnel.ts.
POSTGRES_PORT=15432 REDIS_PORT=16379
