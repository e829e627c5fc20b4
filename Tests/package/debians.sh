# The small Debians of Tests/package/run: made once in .lab/package, entered as chroots whose changes are in memory.
# shellcheck shell=bash
. script/common.sh
store=$PWD/.lab/package
# What fails here leaves no Debian that looks complete.

# debian NAME SUITE OPTION...: a minimal Debian in $store/NAME.
debian() {
  local name=$1
  shift
  [ ! -e "$store/$name.complete" ] || return 0
  install_packages debootstrap iproute2
  say "making a Debian, $name, in .lab/package"
  rm -rf --one-file-system "${store:?}/$name"
  unshare --mount debootstrap --variant=minbase "${@:2}" "$1" "$store/$name" "$(debian_mirror)" >"$store/$name.log" 2>&1 ||
    { tail -n 5 "$store/$name.log" >&2; return 1; }
  rm -rf "$store/$name"/var/cache/apt/archives/*.deb "$store/$name"/var/lib/apt/lists/*
  # No service is started or stopped, whatever a package's scripts ask for.
  printf '#!/bin/sh\nexit 101\n' >"$store/$name/usr/sbin/policy-rc.d"
  chmod 755 "$store/$name/usr/sbin/policy-rc.d"
  touch "$store/$name.complete"
}

# packages NAME SUITE PACKAGE...: these and all that they depend on and NAME lacks, in $store/debs/NAME. What is after a
# dot in NAME only names the directory.
packages() {
  local name=${1%%.*} suite=$2 debs=$store/debs/$1
  shift 2
  [ ! -e "$debs/.complete" ] || return 0
  say "fetching packages for $name"
  rm -rf "$debs" && mkdir -p "$debs" || return 1
  (
    use_other_debian "$store/apt-$suite" amd64 "$suite" || exit 1
    rm -f "$store/apt-$suite"/cache/archives/*.deb
    status=/dev/null
    [ ! -e "$store/$name" ] || status=$store/$name/var/lib/dpkg/status
    if [ $status = /dev/null ]; then cd "$debs" && apt_get download "$@"; else
      apt_get -o Dir::State::status="$status" install --yes --no-install-recommends --download-only "$@" &&
        mv "$store/apt-$suite"/cache/archives/*.deb "$debs"
    fi
  ) >"$debs.log" 2>&1 || { tail -n 5 "$debs.log" >&2; return 1; }
  touch "$debs/.complete"
}

prepare_debians() {
  mkdir -p "$store"
  debian bookworm bookworm --merged-usr && debian bookworm-split bookworm --no-merged-usr && debian sid sid &&
    packages bookworm bookworm kexec-tools && packages sid sid kexec-tools && packages trixie trixie kexec-tools &&
    packages bookworm-makedumpfile.with bookworm makedumpfile libdw1 libelf1 liblzo2-2 &&
    packages sid-makedumpfile.with sid makedumpfile libdw1t64 libelf1t64 liblzo2-2 libzstd1 &&
    packages others sid molly-guard && packages bookworm.initramfs bookworm initramfs-tools-core
}

# A sid with Debian's Swift and all that debian/control names, in $store/sid-build. What script/debian-compiler has made
# is copied, if it is there.
prepare_sid_build() {
  local name=sid-build needed
  needed=$(sed -n '/^Build-Depends:/,/^$/s/^ \([a-z0-9+-]*\).*/\1/p' debian/control | grep -vx debhelper-compat)
  [ "$(cat "$store/$name.packages" 2>/dev/null)" != "$needed" ] || return 0
  rm -rf --one-file-system "${store:?}/$name" "$store/$name".complete "$store/debs/$name"
  if [ -e .lab/sid/.complete ]; then
    cp -a --reflink=auto .lab/sid "$store/$name" && touch "$store/$name.complete"
  else
    debian $name sid --include=swiftlang
  fi
  # shellcheck disable=SC2086
  packages $name sid $needed build-essential debhelper lintian fakeroot || return 1
  unshare --mount --net sh -eu -c 'mount --bind "$1/debs/$2" "$1/$2/mnt"
    exec env -i PATH=/usr/sbin:/usr/bin DEBIAN_FRONTEND=noninteractive chroot "$1/$2" sh -c "exec dpkg --force-unsafe-io -i /mnt/*.deb"' \
    sh "$store" $name >"$store/$name.log" 2>&1 || { tail -n 5 "$store/$name.log" >&2; return 1; }
  echo "$needed" >"$store/$name.packages"
}

# repack DEB RESULT FUNCTION...: unpacks a package, changes it by FUNCTION in its tree, packs it.
repack() {
  local tree=$memory/repack
  rm -rf "$tree"
  dpkg-deb -R "$1" "$tree" && (cd "$tree" && "${@:3}") && dpkg-deb --root-owner-group -Znone -b "$tree" "$2" >/dev/null
}
newer() { sed -i 's/^Version: .*/&+1/' DEBIAN/control; }
with_manual() {
  newer
  mkdir -p usr/share/man/man8
  echo 'our page' | gzip -9n >usr/share/man/man8/kexec-swift.8.gz
  (find usr -type f -exec md5sum {} +) >DEBIAN/md5sums
}
without_manual() {
  newer && newer && rm -rf usr/share/man && sed -i '/ usr.share.man/d' DEBIAN/md5sums
}
# With scripts that kill dpkg and all below it when /step says so: it counts their commands, or those that change files.
traced() {
  local file counted='^(ln|mv|rm|dpkg-divert) '
  [ "$all" = no ] || counted=.
  for file in DEBIAN/postinst DEBIAN/prerm usr/lib/kexec-swift*/place; do
    { echo '#!/bin/bash'
      echo "set -T; counted='$counted'; trap 'if [[ \$BASH_COMMAND =~ \$counted ]]; then'\\"
      echo "' read -r step </step; echo \$((step - 1)) >/step; [ \$step != 0 ] || kill -9 0; fi' DEBUG"
      cat $file; } >"$memory/traced" && cat "$memory/traced" >$file
  done
  (find usr -type f -exec md5sum {} +) >DEBIAN/md5sums
}
traced_newer() { traced && newer; }
# The second package depends on the first in the same version.
newer_second() { newer && sed -i 's/^Depends: kexec-swift (= [^)]*/&+1/' DEBIAN/control; }
relaxed() { sed -i '/^Depends:/d' DEBIAN/control; }

# From here on only this process and its children see the mounts.
enter_debians() {
  memory=$(mktemp -d)
  mount -t tmpfs -o mode=755 tmpfs "$memory"
  trap 'umount -R "$memory"; rmdir "$memory"' EXIT
  root=$memory/root
  mkdir "$root" "$memory/debs"
  script/release --draft >"$memory/release" 2>&1 || { cat "$memory/release" >&2; say 'no release'; exit 1; }
  release=.build/release/$(script/version)
  ours_deb=$(echo "$release"/kexec-swift_*.deb) && cp "$ours_deb" "$memory/debs/ours.deb" &&
    second_deb=$(echo "$release"/kexec-swift-makedumpfile_*.deb) && cp "$second_deb" "$memory/debs/second.deb" &&
    repack "$second_deb" "$memory/debs/second-newer.deb" newer_second &&
    repack "$second_deb" "$memory/debs/second-traced.deb" traced &&
    repack "$ours_deb" "$memory/debs/newer.deb" newer &&
    repack "$ours_deb" "$memory/debs/manual.deb" with_manual &&
    repack "$ours_deb" "$memory/debs/no-manual.deb" without_manual &&
    repack "$ours_deb" "$memory/debs/traced.deb" traced &&
    repack "$ours_deb" "$memory/debs/traced-newer.deb" traced_newer &&
    cp "$store"/debs/trixie/kexec-tools_*.deb "$memory/debs/trixie.deb" &&
    cp "$store"/debs/sid/kexec-tools_*.deb "$memory/debs/sid.deb" &&
    repack "$store"/debs/bookworm/kexec-tools_*.deb "$memory/debs/bookworm-relaxed.deb" relaxed &&
    repack "$store"/debs/others/molly-guard_*.deb "$memory/debs/molly-guard.deb" relaxed &&
    mkdir "$memory/tarball" && tar -x --strip-components=1 -C "$memory/tarball" -f "$release"/*.tar.gz ||
    { say 'no packages to test'; exit 1; }
  # Of bookworm's program in a sid: the one library that has another name there.
  mkdir "$memory/library" && dpkg-deb -x "$store"/debs/bookworm/libxenmisc4.17_*.deb "$memory/library" || exit 1
  [ $((0x$(without_boot sed -n 's/^CapEff:\s*//p' /proc/self/status) >> 22 & 1)) = 0 ] || { say 'CAP_SYS_BOOT cannot be dropped'; exit 1; }
}

without_boot() { setpriv --bounding-set -sys_boot --inh-caps -sys_boot "$@"; }

in_root() {
  without_boot env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C HOME=/root DEBIAN_FRONTEND=noninteractive \
    "$(command -v chroot)" "$root" "$@"
}

# With a process group of its own, which it may kill.
in_new_session() { (set -m; "$@" & wait $!); }

layers=0
# mount_root LOWER: $root is LOWER, with nothing written yet.
mount_root() {
  ! mountpoint -q "$root" || umount -R "$root" || return 1
  lower=$1
  layers=$((layers + 1))
  upper=$memory/layers/$layers
  mkdir -p "$upper" "$memory/work/$layers"
  mount -t overlay -o "lowerdir=$lower,upperdir=$upper,workdir=$memory/work/$layers" overlay "$root"
}

# fresh NAME: the Debian of this name, with the packages in /debs and the release's tarball in /kexec-swift.
fresh() {
  ! mountpoint -q "$root" || umount -R "$root"
  rm -rf "$memory/layers" "$memory/work"
  frozen=()
  mount_root "$store/$1" || return 1
  mkdir "$root/debs" "$root/kexec-swift"
  mount --bind "$memory/debs" "$root/debs" && mount --bind "$memory/tarball" "$root/kexec-swift"
  [ "$1" != sid ] || cp -an "$memory"/library/usr/lib/. "$root/usr/lib/"
}

# freeze NAME, fresh_from NAME: the files as they are now, and those again.
freeze() { frozen[$1]="$upper:$lower"; }
declare -A frozen=()
fresh_from() {
  mount_root "${frozen[$1]}" || return 1
  mount --bind "$memory/debs" "$root/debs"
}

# makedumpfile and its libraries, without perl, which another of its programs needs.
install_makedumpfile() {
  mkdir -p "$root/theirs"
  mount --bind "$store/debs/$([ "$1" = sid ] && echo sid || echo bookworm)-makedumpfile.with" "$root/theirs"
  in_root sh -c 'exec dpkg --force-unsafe-io --force-depends -i /theirs/*.deb' >"$memory/output" 2>&1 ||
    { case_failed "$1: $(tail -n 5 "$memory/output")"; return 1; }
  umount "$root/theirs"
}

install_kexec_tools() { install_fetched "$([ "$1" = sid ] && echo sid || echo bookworm)"; }

# install_fetched NAME: what packages NAME has fetched.
install_fetched() {
  mkdir -p "$root/theirs"
  mount --bind "$store/debs/$1" "$root/theirs"
  in_root sh -c 'exec dpkg --force-unsafe-io -i /theirs/*.deb' >"$memory/output" 2>&1 ||
    { case_failed "$1: $(tail -n 5 "$memory/output")"; return 1; }
  umount "$root/theirs"
}
