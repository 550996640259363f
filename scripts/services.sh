#!/usr/bin/env bash
# Finds the real servers and browsers that tests need, or installs them from
# Debian's packages when they are missing and this is root. Prints a line each.
# What can't be had is said loudly; its suites are then skipped by name.
set -uo pipefail

updated=no
missing=0

# Debian keeps the programs of PostgreSQL out of PATH.
find_program() {
  command -v "$1" 2>/dev/null || ls /usr/lib/postgresql/*/bin/"$1" 2>/dev/null | sort -V | tail -1
}

ensure() { # name, command, package, another command that does when there is no such package
  local name=$1 command=$2 package=$3 other=${4:-$2} found
  if [ -z "$(find_program "$command")" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    if [ "$updated" = no ]; then
      apt-get update -qq >/dev/null 2>&1 || true
      updated=yes
    fi
    echo "services: installing $package"
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" >/dev/null 2>&1 || true
  fi
  found=$(find_program "$command")
  found=${found:-$(find_program "$other")}
  if [ -n "$found" ]; then
    echo "services: $name at $found"
  else
    echo "services: MISSING $name: its suites will be SKIPPED (install Debian's package $package)" >&2
    missing=$((missing + 1))
  fi
}

# Chromium without a window takes a third less time than the whole of it.
ensure Chromium chromium-headless-shell chromium-headless-shell chromium
ensure Redis redis-server redis-server
ensure PostgreSQL initdb postgresql
ensure Prometheus prometheus prometheus
ensure VictoriaMetrics victoria-metrics victoria-metrics
ensure "mail server" aiosmtpd python3-aiosmtpd

exit 0
