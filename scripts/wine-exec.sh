#!/bin/sh
# wine-exec.sh WINE PROGRAM ARG...: a test program under Wine, whose output comes when it
# has ended. Wine's own background programs begin with whoever needs one first, keep its
# output open, and outlast it; whoever waits for the output's end would wait for them.
out=$(mktemp /var/tmp/lockstile-wine.XXXXXX) || exit 1
trap 'rm -f "$out"' EXIT
"$@" >"$out" 2>&1 </dev/null
code=$?
cat "$out"
exit $code
