# shellcheck shell=bash
# In front of each script that runs on main.
set -euo pipefail
# shellcheck source=/dev/null
. /usr/local/lib/mastodon-host/common.sh

# shellcheck disable=SC2034
FOLDER=/srv/data/moving
psql() { runuser -u postgres -- psql -qtAX -v ON_ERROR_STOP=1 "$@"; }
redis() { REDISCLI_AUTH=$(<"$SECRETS/redis-password") redis-cli -e -h 127.0.0.1 "$@"; }
