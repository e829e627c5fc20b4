# Functions that several scripts need; to be sourced, by sh and by bash.
# shellcheck shell=sh

say() { echo "${0##*/}: $*" >&2; }

# show_help "$@": with --help it prints the comment at the head of the script and ends it, before anything is
# installed or compiled.
show_help() {
  case ${1:-} in
    -h | --help) sed -n '1d; /^#/!q; s/^# \{0,1\}//p' "$0"; exit 0 ;;
  esac
}

# The compiler's version, such as 6.3.1; nothing when it does not run.
compiler_version() { swiftc --version 2>/dev/null | sed -nE 's/.*Swift version ([0-9.]+).*/\1/p'; }

# The CPU time of the script and of all children that it has waited for, in clock ticks.
cpu_time() { awk '{ print $14 + $15 + $16 + $17 }' /proc/$$/stat; }

apt_get() {
  DEBIAN_FRONTEND=noninteractive apt-get -qq -o APT::Sandbox::User=root -o Dpkg::Use-Pty=0 "$@"
}

# Package lists are fetched once, and only when something is missing.
refresh_lists() {
  [ -n "${refreshed:-}" ] || { say 'refreshing the package lists'; apt_get update; }
  refreshed=yes
}

# install_packages PACKAGE...: installs those that are missing on this computer.
install_packages() {
  # dpkg-query complains about packages that it has never heard of.
  installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "$@" 2>/dev/null || true)
  missing=
  for package; do
    echo "$installed" | grep -qxF "$package installed" || missing="$missing $package"
  done
  [ -n "$missing" ] || return 0
  [ "$(id -u)" = 0 ] ||
    { say "as root, run: apt-get install --no-install-recommends$missing"; exit 1; }
  refresh_lists
  say "installing$missing"
  # shellcheck disable=SC2086
  said=$(apt_get install --no-install-recommends $missing 2>&1) ||
    { echo "$said" >&2; exit 1; }
}

# linux-image-cloud-amd64 -> linux-image-6.1.0-NN-cloud-amd64; other names stay as they are.
current_name() {
  newest=
  case $1 in
    linux-image-*)
      newest=$(apt-cache depends "$1" | sed -n 's/^ *Depends: \(linux-image-.*\)/\1/p' | head -n 1)
      ;;
  esac
  echo "${newest:-$1}"
}

# download_packages DIRECTORY PACKAGE...: fetches the packages' files.
download_packages() {
  (
    cd "$1"
    shift
    for package; do
      set -- "$@" "$(current_name "$package")"
      shift
    done
    apt_get download "$@"
  )
}

# unpack_packages DIRECTORY PACKAGE...: fetches packages and unpacks them there. Nothing is installed.
unpack_packages() {
  directory=$1
  shift
  rm -rf "$directory.packages"
  mkdir -p "$directory" "$directory.packages"
  # Old package lists name versions that are gone.
  download_packages "$directory.packages" "$@" 2>/dev/null ||
    { refresh_lists; download_packages "$directory.packages" "$@"; }
  for package in "$directory.packages"/*.deb; do dpkg-deb -x "$package" "$directory"; done
  rm -rf "$directory.packages"
}

# The mirror from which apt has Debian 12 here.
debian_mirror() {
  mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(CODENAME)' \
    'Created-By: Packages' 'Component: main' |
    sed -nE 's/^([^ ]*) (bookworm .*|.* bookworm)$/\1/p' | head -n 1)
  [ -n "$mirror" ] || { say "apt's sources have no bookworm"; return 1; }
  echo "$mirror"
}

# use_other_debian DIRECTORY ARCHITECTURE SUITE...: from now on apt is that of another Debian, on the
# mirror that apt has here. DIRECTORY, an absolute path, is for its lists. Nothing of it is installed.
use_other_debian() {
  mirror=$(debian_mirror)
  directory=$1
  architecture=$2
  shift 2
  mkdir -p "$directory/lists/partial" "$directory/cache/archives/partial"
  for suite; do
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main"
  done >"$directory/sources.list"
  cat >"$directory/apt.conf" <<END
Dir::Etc::SourceList "$directory/sources.list";
Dir::Etc::SourceParts "-";
Dir::State::Lists "$directory/lists";
Dir::State::status "/dev/null";
Dir::Cache "$directory/cache";
APT::Architecture "$architecture";
APT::Architectures { "$architecture"; };
END
  export APT_CONFIG="$directory/apt.conf"
  apt_get update
}

# make_disk NAME SUITE PACKAGE...: a small Debian with these packages for guests, as a file system image, from the
# mirror that apt has here.
make_disk() {
  disk=.lab/disks/$1.ext4 stamp=.lab/disks/.complete-$1 log=.lab/disks/log-$1 suite=$2
  shift 2
  [ "$(cat "$stamp" 2>/dev/null)" != "$*" ] || return 0
  mirror=$(debian_mirror) || return 1
  say "making $disk (some minutes), see $log"
  mkdir -p .lab/disks
  tree=$(mktemp -d .lab/disks/tree.XXXXXX)
  rm -f "$disk" "$stamp"
  debootstrap --variant=minbase --include="$(echo "$*" | tr ' ' ,)" "$suite" "$tree" "$mirror" >"$log" 2>&1 &&
    populate_disk >>"$log" 2>&1 && echo "$*" >"$stamp"
  made=$?
  rm -rf --one-file-system "$tree"
  return $made
}

# In one condition: a failure anywhere leaves no disk.
populate_disk() {
  # Where the mirror is, is this computer's affair; and nobody waits at night for updates.
  rm -rf "$tree"/var/cache/apt "$tree"/var/lib/apt/lists "$tree"/usr/share/doc "$tree"/usr/share/man \
    "$tree"/usr/share/locale "$tree"/etc/apt/sources.list "$tree"/etc/resolv.conf \
    "$tree"/etc/systemd/system/timers.target.wants &&
    : >"$tree"/etc/machine-id && chmod 755 "$tree" &&
    PATH=$PATH:/usr/sbin:/sbin mkfs.ext4 -q -L debian -d "$tree" "$disk.new" 640M &&
    mv "$disk.new" "$disk"
}
