# shellcheck shell=bash
# How far Redis follows: its offset, or -1 if it is not connected. Fails if the standby does not run.
# shellcheck disable=SC2154

main() {
  runs "$COPY" || die "the standby does not run: $(replay_error)"
  redis INFO replication | tr -d '\r' | awk -F: '{v[$1] = $2} END {print v["master_link_status"] == "up" ? v["slave_repl_offset"] : -1}'
}
main </dev/null
