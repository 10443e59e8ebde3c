# Sourced by elsewhere.sh, arm64.sh and packages_install.sh: bare releases of Debian, made with debootstrap. MIRROR is the
# mirror to install from, TMPDIR where to work. KEEP, a folder, keeps the releases there for the next time.

skip() { echo "skipped: $*" >&2; exit 77; }

# need_releases GIGABYTES: skips the test where no release can be made. Sets `releases`, the folder for them.
need_releases() {
    [ "$(id -u)" = 0 ] || skip "only root can make a release"
    command -v debootstrap >/dev/null || skip "debootstrap is missing"
    unshare --mount true 2>/dev/null || skip "mounting is not allowed"
    releases=${KEEP:-$(mktemp -d "${TMPDIR:-/var/tmp}/releases.XXXXXX")}
    chmod 755 "$releases"  # apt reads there as a user of its own
    [ -n "${KEEP:-}" ] || trap 'rm -rf --one-file-system "$releases"' EXIT
    [ "$(df --output=avail -B1G "$releases" | tail -n 1)" -ge "$1" ] || skip "less than $1 GB are free in $releases"
}

# make_release RELEASE LOG [NAME]: makes it in `$releases/NAME`, if it is not there.
make_release() {
    local root=$releases/${3:-$1}
    [ -x "$root/usr/bin/apt-get" ] && [ ! -d "$root/debootstrap" ] || debootstrap --variant=minbase "$1" "$root" ${MIRROR:+"$MIRROR"} >"$2" 2>&1 ||
        { tail -n 5 "$2"; skip "debootstrap could not make $1"; }
    cp -L /etc/resolv.conf "$root/etc/resolv.conf"
    echo "127.0.0.1 localhost" >"$root/etc/hosts"
    # A mirror may be older than what it says of itself, and this system is gone in an hour: nothing needs to reach the disk.
    echo 'Acquire::Check-Valid-Until "false";' >"$root/etc/apt/apt.conf.d/90unipile"
    echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/90unipile"
}

# copy_project ROOT: what git knows of, to /project.
copy_project() {
    rm -rf "$1/project"
    mkdir "$1/project"
    git ls-files -z | tar --null -T - -c | tar -x -C "$1/project"
}

# inside ROOT COMMAND...: runs it there, as on a machine of its own. What is mounted, and every process, ends with it.
inside() {
    unshare --mount --pid --fork --kill-child bash -c '
        trap "exit 130" INT TERM  # the first process of a namespace gets only the signals that it handles
        root=$1
        shift
        mount -t proc proc "$root/proc"
        mount -t sysfs -o ro sysfs "$root/sys"
        mount --bind /dev "$root/dev"
        mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
        mount --bind "$root/dev/pts/ptmx" "$root/dev/ptmx"
        env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
            ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} chroot "$root" "$@"' - "$@"
}
