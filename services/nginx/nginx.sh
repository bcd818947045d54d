# shellcheck shell=bash
# Brings nginx to what it should serve. Sourced after common.sh.

# reload_nginx: a reload closes connections on which the first byte of a request has not arrived yet, so only what has changed is worth one.
# With a broken configuration, the running nginx stays as it is.
reload_nginx() {
  # Goes away whenever nginx stops.
  local loaded=/run/mastodon-nginx/loaded wanted
  nginx -t -q
  wanted=$( (nginx -T -q && cat /etc/nginx/tls/*.pem) | sha256sum)
  if [[ $(cat "$loaded" 2>/dev/null) == "$wanted" ]]; then return; fi
  systemctl reload nginx.service
  mkdir -p "${loaded%/*}"
  echo "$wanted" >"$loaded"
}
