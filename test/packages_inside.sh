#!/bin/bash
# packages_inside.sh RELEASE OWN: run by packages_install.sh in a bare release; OWN is the one that the packages are for.
set -euo pipefail
release=$1 own=$2
cd /packages

# harvest PROGRAM: serves the API with it, harvests that over TLS, and counts the posts.
harvest() {
    local work said url
    work=$(mktemp -d)
    "$1" simulate --tls --posts 3 --identifiers 4 --company-share 0 --ca-file "$work/ca.pem" --write-jobs "$work/jobs.csv" \
        >"$work/said" &
    until said=$(grep listening "$work/said"); do sleep 0.1; done
    url=${said#listening on }
    UNIPILE_DSN=${url%% *} UNIPILE_API_KEY=simulated-key "$1" harvest "$work/jobs.csv" --store "$work/posts.db" \
        --ca-file "$work/ca.pem" --pace none --quiet
    [ "$("$1" export --store "$work/posts.db" --format ndjson | wc -l)" = 12 ]
    kill %1
    wait || true
    rm -r "$work"
}

apt-get -qq update
apt-get -qq -o Dpkg::Use-Pty=0 install -y --no-install-recommends openssl ca-certificates tzdata >/dev/null
tar -xzf unipile-*.tar.gz
harvest /packages/unipile-*/bin/unipile
echo "$release: the tarball's program runs"
[ "$release" = "$own" ] || exit 0

dpkg --get-selections | sort >before
apt-get -qq -o Dpkg::Use-Pty=0 install -y --no-install-recommends ./*.deb g++ pkg-config >/dev/null
# No server is there.
sed -e 's/api8.unipile.com:13851/localhost:1/' -e 's/api_key = ".*"/api_key = "key"/' first.cpp >here.cpp
c++ -std=c++20 here.cpp -o here $(pkg-config --cflags --libs unipile)
said=$(./here 2>&1 || true)
grep -q "unipile::failure" <<<"$said" || { echo "it says: $said"; exit 1; }
echo "$release: the README's first program compiles and runs"
harvest unipile
echo "$release: the installed program runs"
[ -s /usr/share/man/man1/unipile-harvest.1.gz ]
bash -c '. /usr/share/bash-completion/completions/unipile && complete -p unipile' >/dev/null
apt-get -qq -o Dpkg::Use-Pty=0 purge -y --autoremove unipile libunipile-dev 'libunipile0*' g++ pkg-config >/dev/null
left=$(find / -xdev -name '*unipile*' ! -path '/packages/*' ! -path '/proc/*' ! -path '/tmp/*')
[ -z "$left" ] || { echo "left behind: $left"; exit 1; }
echo "$release: purged, and nothing is left"
