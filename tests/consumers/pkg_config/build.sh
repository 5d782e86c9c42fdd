#!/bin/sh
# build.sh OUTPUT [static]: builds an application with pkg-config and a compiler alone.
set -eu
app=$(dirname -- "$0")/../app.cpp
if [ "${2:-}" = static ]; then
    libraries=$(pkg-config --static --libs neap | sed 's/-lneap/-l:libneap.a/')
else
    libraries="$(pkg-config --libs neap) -Wl,-rpath,$(pkg-config --variable=libdir neap)"
fi
# shellcheck disable=SC2046,SC2086  # flags are words
"${CXX:-c++}" -std=c++20 $(pkg-config --cflags neap) "$app" -o "$1" $libraries
