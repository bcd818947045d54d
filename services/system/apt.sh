# shellcheck shell=bash
# Installs packages even if a repository is broken: that costs only the packages from it. Sourced after common.sh.

export DEBIAN_FRONTEND=noninteractive

# Source files that apt can read. A file that it cannot read, or that contradicts another, would stop all of apt.
SOURCES=$STATE/sources
readable_sources() {
  local file
  rm -rf "$SOURCES"
  mkdir -p "$SOURCES"
  for file in /etc/apt/sources.list.d/*.{list,sources}; do
    if [[ ! -e $file ]]; then continue; fi
    ln -s "$file" "$SOURCES/"
    if ! apt-get -qq -o Dir::Etc::SourceParts="$SOURCES" indextargets >/dev/null 2>&1; then
      log "apt cannot read $file; going on without it"
      rm "$SOURCES/${file##*/}"
    fi
  done
}

apt_get() {
  apt-get -qq -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20 \
    -o Dir::Etc::SourceParts="$SOURCES" "$@"
}

install_packages() {
  readable_sources
  apt_get update || log "some package lists could not be fetched; going on with the others"
  # Completes an interrupted installation: until then apt installs nothing more.
  apt_get install -y --fix-broken --no-install-recommends && apt_get install -y --no-install-recommends "$@"
}
