# shellcheck shell=bash
# What ./run and ./test need of the machine: Debian packages (why each is there: docs/dependencies.md), and root for those alone.

packages_build=(
  gcc libc6-dev cmake ninja-build pkg-config
  libssl-dev libjwt-dev libmicrohttpd-dev libgnutls28-dev liblmdb-dev libjansson-dev libcurl4-openssl-dev libfido2-dev libqrencode-dev zlib1g-dev libcmocka-dev
  fonts-noto-core fonttools python3-brotli
)
# apache2-bin, not apache2: the program without a service that starts with the machine and takes port 80.
packages_run=("${packages_build[@]}" apache2-bin libapache2-mod-auth-openidc ca-certificates curl jq)
packages_test=("${packages_run[@]}" clang libclang-rt-14-dev chromium nginx procps qrencode zbar-tools)
# Node's own packages of Debian conflict with these: whoever has npm already has what is needed.
command -v npm >/dev/null || packages_test+=(nodejs npm)

# Prints those of the named packages that are not installed.
packages_missing() {
  local installed
  installed=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "$@" 2>/dev/null | sed -n 's/^installed //p') || true
  comm -13 <(sort -u <<<"$installed") <(printf '%s\n' "$@" | sort -u)
}

# packages_need COMMAND PACKAGE…: installs what is missing. Says what to do, and fails, when it cannot.
# Nothing is asked of the network, or of root, when nothing is missing.
packages_need() {
  local command=$1 missing
  shift
  if ! command -v apt-get dpkg-query >/dev/null; then
    echo "This is not a Debian system (no apt-get). Konsao is built and run on Debian 12." >&2
    return 1
  fi
  mapfile -t missing < <(packages_missing "$@")
  [[ ${#missing[@]} -gt 0 ]] || return 0
  if [[ $(id -u) -ne 0 ]]; then
    echo "These Debian packages are missing, and installing them needs root: ${missing[*]}" >&2
    echo "Run 'sudo $command', or first:" >&2
    echo "  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]}" >&2
    return 1
  fi
  echo "Installing ${#missing[@]} Debian packages: ${missing[*]}"
  packages_install "${missing[@]}"
}

packages_install() {
  local log
  log=$(mktemp)
  if ! packages_quietly packages_apt "$log" "$@"; then
    echo "The packages could not be installed. apt-get said:" >&2
    grep -E '^(E|W|Err):?' "$log" | sort -u | tail -n 8 | sed 's/^/  /' >&2
    echo "Is there a network, and do the package sources in /etc/apt hold Debian 12 (bookworm)?" >&2
    rm -f "$log"
    return 1
  fi
  rm -f "$log"
}

# packages_quietly COMMAND…: installs by COMMAND without starting a service. nginx has one, which takes port 80; the tests need the program alone. So it starts
# neither now (policy-rc.d says no) nor with the machine.
packages_quietly() (
  policy=/usr/sbin/policy-rc.d
  if [[ " $* " != *' nginx '* ]]; then
    "$@"
    return
  fi
  if [[ ! -e $policy ]]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' | install -m 755 /dev/stdin "$policy"
  fi
  "$@" || exit
  update-rc.d nginx disable >/dev/null 2>&1 || true
)

packages_apt() {
  local log=$1 apt=(apt-get -q -y -o DPkg::Lock::Timeout=300 -o Acquire::Retries=2)
  shift
  export DEBIAN_FRONTEND=noninteractive
  # Lists that are there may do; fetching them anew comes second.
  "${apt[@]}" install --no-install-recommends "$@" </dev/null >"$log" 2>&1 && return 0
  "${apt[@]}" update </dev/null >"$log" 2>&1 && "${apt[@]}" install --no-install-recommends "$@" </dev/null >>"$log" 2>&1
}

# leave_root SCRIPT ARGUMENT…: under sudo, starts SCRIPT anew as the user who owns the clone, if that is who called sudo. Call it once the packages are there.
leave_root() {
  local user=${SUDO_UID:-0}
  [[ $(id -u) -eq 0 && $user -ne 0 && $(stat -c %u "$1") -eq $user ]] || return 0
  HOME=$(getent passwd "$user" | cut -d: -f6)
  export HOME
  exec setpriv --reuid "$user" --regid "$SUDO_GID" --init-groups "$@"
}
