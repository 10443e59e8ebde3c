#!/bin/sh
# with_nginx.sh NGINX TEST: runs TEST with NGINX_PROGRAM in its environment. 77: there is no nginx.
if [ ! -x "$1" ]; then
    echo "skipped: there is no nginx"
    exit 77
fi
NGINX_PROGRAM=$1 exec "$2"
