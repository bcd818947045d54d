# shellcheck shell=bash
# ACTION facts: prints the database's size, and all migrations. drain: nobody new comes in, jobs are done for at most PATIENCE seconds, and
# Mastodon stops, with the workers' Sidekiq; prints how many jobs were not done, and how many wait for another try. stay: Mastodon serves again. left: it stays stopped, also after a reboot.
# shellcheck disable=SC2154

RETURNED=/etc/systemd/system/mastodon.service.d/returned.conf

waiting() {
  redis EVAL "local jobs = 0
    for _, queue in ipairs(redis.call('SMEMBERS', 'queues')) do jobs = jobs + redis.call('LLEN', 'queue:' .. queue) end
    for _, process in ipairs(redis.call('SMEMBERS', 'processes')) do jobs = jobs + (tonumber(redis.call('HGET', process, 'busy')) or 0) end
    return jobs" 0
}
none_waits() { [[ $(waiting) == 0 ]]; }

main() {
  case $ACTION in
    facts)
      psql -d mastodon -c "SELECT pg_database_size('mastodon')" -c "SELECT version FROM schema_migrations ORDER BY version"
      ;;
    drain)
      systemctl stop nginx.service
      wait_until "$PATIENCE" "every job to be done" none_waits || true
      systemctl stop mastodon-release.service
      systemctl stop mastodon.service
      echo "$(waiting) $(redis ZCARD retry)"
      ;;
    stay)
      systemctl start mastodon.service mastodon-traffic.service mastodon-release.service nginx.service
      mastodon-ready 600
      ;;
    left)
      install -D -m 0644 <(printf '[Unit]\nConditionPathExists=/nonexistent\n') "$RETURNED"
      systemctl daemon-reload
      systemctl start nginx.service
      ;;
  esac
}
main </dev/null
