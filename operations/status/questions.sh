# shellcheck shell=bash
# What `npm run status` asks a machine, sent to it over ssh: so it is as new as its reader, takes no room in user data, and replaces no worker
# when it changes. Prints JSON: for each question the lines of the answer, of its errors, and its exit code. It changes nothing.
# A question that hangs (Postgres is stopped, the volume is gone) has no answer, and holds up no other.
set -euo pipefail
exec </dev/null
set -a
# shellcheck source=/dev/null
. /etc/mastodon-host/host.env
STATE=/var/lib/mastodon-host
SECRETS=/etc/mastodon-host/secrets
LC_ALL=C

# --- every machine ---
files() { grep -s '' /etc/mastodon/.env "$STATE"/{status,*-failed} /proc/meminfo /proc/pressure/memory || true; }
applying() { if [[ ! -e $STATE/lock ]] || flock -n "$STATE/lock" true; then echo no; else echo yes; fi; }
planned() { echo "$SIDEKIQ_PROCESSES"; }
# Two looks: how much of it the hypervisor took in between.
cpu() { head -n 1 /proc/stat && sleep 4 && head -n 1 /proc/stat; }
root() { df -B1 --output=target,size,avail,ipcent /; }
ready() { mastodon-ready 1; }
restart() { needs-restart; }
failed() { systemctl list-units --failed --plain --no-legend; }
units() { systemctl show -p Id,ActiveState mastodon-upgrade postgres-upgrade; }
questions=(files applying planned cpu root ready restart failed units)

# --- main ---
volume() { df -B1 --output=target,size,avail,ipcent /srv/data; }
release() { cat /srv/data/mastodon/running.env; }
site() {
  curl -sSk --noproxy '*' -o /dev/null -w '%{http_code} %{time_total}\n' --resolve "$WEB_DOMAIN:443:127.0.0.1" "https://$WEB_DOMAIN/health"
}
redis() { REDISCLI_AUTH=$(<"$SECRETS/redis-password") redis-cli -e "$@"; }
memory() { redis INFO memory; }
# All queues and processes at one moment. Redis itself refuses to write here.
look() {
  redis EVAL_RO 'local call, queues, processes = redis.call, {}, {}
    for _, name in ipairs(call("SMEMBERS", "queues")) do
      local oldest = call("LINDEX", "queue:" .. name, -1)
      queues[name] = {call("LLEN", "queue:" .. name), oldest and cjson.decode(oldest).enqueued_at or nil}
    end
    for _, name in ipairs(call("SMEMBERS", "processes")) do
      processes[name] = call("HMGET", name, "info", "concurrency", "busy", "quiet")
    end
    return cjson.encode({call("TIME"), queues, processes, call("ZCARD", "retry"), call("ZCARD", "schedule"), call("ZCARD", "dead")})' 0
}
jobs() { look && sleep 4 && look; }
postgres() {
  runuser -u postgres -- psql -qtAX -d mastodon -c "SELECT current_setting('server_version'), count(*), current_setting('max_connections')
    FROM pg_stat_activity WHERE backend_type = 'client backend'"
}
backup() { mastodon-backup status; }
drill() { mastodon-drill status; }
escrow() { cat /etc/mastodon-host/escrow; }
housekeeping() { mastodon-housekeeping status; }
certificate() {
  echo "$ACME"
  openssl x509 -noout -issuer -enddate -in /etc/nginx/tls/chain.pem
  /usr/local/lib/mastodon-host/certificate trouble
}
# A main without room for a watch has none; one of an earlier version neither.
watched() { echo "${WATCH:-0}"; }
prometheus() { curl -fsS --noproxy '*' http://127.0.0.1:9090/-/ready; }
alarms() { curl -fsS --noproxy '*' http://127.0.0.1:9093/api/v2/alerts; }
if [[ $ROLE == main ]]; then
  questions+=(volume release site jobs memory postgres backup drill escrow housekeeping certificate watched prometheus alarms)
fi

# --- workers ---
# How packets reach main.
path() {
  tailscale status --json |
    jq -c --arg tag "$MAIN_TAG" '.Peer[] | select(.Tags // [] | index($tag)) | [.Online, .Active, .CurAddr, .Relay]'
}
if [[ $ROLE == worker ]]; then questions+=(path); fi

# Not exported: the machine's own scripts would inherit them.
functions=$(declare -f)
work=$(mktemp -d /run/mastodon-status.XXXXXX)
trap 'rm -rf "$work"' EXIT
cd "$work"
for question in "${questions[@]}"; do
  {
    code=0
    # shellcheck disable=SC2094 # a function of that name, not the file
    timeout -k 1 9 bash -euo pipefail -c "$functions"$'\n'"$question" >"$question" 2>"$question.error" || code=$?
    echo "$code" >"$question.code"
  } >/dev/null 2>&1 &
done
# What waits for a broken disk cannot even be killed.
while codes=(*.code) && ((${#codes[@]} < ${#questions[@]} && SECONDS < 12)); do sleep 0.1; done
jq -Rn 'reduce inputs as $line ({}; .[input_filename] += [$line])' -- *
