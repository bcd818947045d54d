# shellcheck shell=bash
# Redis' dump in place of what main's Redis has. It is taken in at its next start (redis-import). DATABASE is the old instance's number; here it
# is 0.
# shellcheck disable=SC2154

converted() { redis-cli -e -s "$FOLDER/redis.sock" PING | grep -qx PONG; }

main() {
  [[ $(head -c 5 "$FOLDER/dump.rdb") == REDIS ]] || die "what came from the old server is no dump of Redis"
  if [[ $DATABASE != 0 ]]; then
    chown -R redis:redis "$FOLDER"
    runuser -u redis -- redis-server --port 0 --unixsocket "$FOLDER/redis.sock" --dir "$FOLDER" --save '' --logfile '' >/dev/null &
    wait_until 900 "Redis to load the dump" converted
    redis-cli -e -s "$FOLDER/redis.sock" SWAPDB 0 "$DATABASE" >/dev/null
    redis-cli -e -s "$FOLDER/redis.sock" -n "$DATABASE" FLUSHDB >/dev/null
    redis-cli -e -s "$FOLDER/redis.sock" SAVE >/dev/null
    redis-cli -e -s "$FOLDER/redis.sock" SHUTDOWN NOSAVE || true
    wait
  fi
  systemctl stop redis-server.service
  rm -rf /var/lib/redis/appendonlydir
  install -o redis -g redis -m 0640 "$FOLDER/dump.rdb" /var/lib/redis/dump.rdb
  rm -rf "$FOLDER"
}
main </dev/null
