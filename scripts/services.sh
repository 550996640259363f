#!/usr/bin/env bash
# Finds the real servers and browsers that tests need, or installs them from
# Debian's packages when they are missing and this is root. Prints a line each.
# What can't be had is said loudly; its suites are then skipped by name.
set -uo pipefail

updated=no
missing=0

ensure() { # name, command, package
  local name=$1 command=$2 package=$3
  if ! command -v "$command" >/dev/null 2>&1 && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    if [ "$updated" = no ]; then
      apt-get update -qq >/dev/null 2>&1 || true
      updated=yes
    fi
    echo "services: installing $package"
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" >/dev/null 2>&1 || true
  fi
  if command -v "$command" >/dev/null 2>&1; then
    echo "services: $name at $(command -v "$command")"
  else
    echo "services: MISSING $name: its suites will be SKIPPED (install Debian's package $package)" >&2
    missing=$((missing + 1))
  fi
}

ensure Chromium chromium chromium

exit 0
