#!/usr/bin/env bash
# setup-wine.sh DIR: makes a private, headless, 64-bit Wine 10 in DIR, for
#	GOOS=windows GOARCH=amd64 go test -exec DIR/bin/wine ./...
# It is unpacked from Debian trixie's packages, since bookworm's Wine can't run
# programs of today's Go; apt checks them as any. Nothing outside DIR is touched:
# it has an apt state, a libc and a loader of its own. Done once, it does nothing.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd -P)
rev=7
dest=${1:?usage: setup-wine.sh DIR}
[ "$(dpkg --print-architecture)" = amd64 ] || { echo "amd64 only" >&2; exit 1; }
mkdir -p "$dest"; dest=$(cd "$dest" && pwd -P)
exec 9>"$dest/.lock"; flock 9
[ "$(cat "$dest/.done" 2>/dev/null || true)" = "$rev $dest" ] && { echo "wine is ready in $dest"; exit 0; }
rm -rf "$dest/.done" "$dest/root" "$dest/bin" "$dest/template"

# 1. Download.
t=$(mktemp -d); trap 'rm -rf "$t"' EXIT; mkdir "$t/debs"
. "$here/debian.sh"
debian trixie "$t"
(cd "$t/debs" && apt-get "${opt[@]}" download libwine wine64 libz-mingw-w64 libc6 libunwind8 liblzma5 patchelf)

# 2. Unpack only what a console program needs (a name list: the DLLs below, with all they import).
w=./usr/lib/x86_64-linux-gnu/wine; wd=$w/x86_64-windows
dlls="aclui actxprxy advapi32 advpack apisetschema atl100 atlthunk authz bcrypt bcryptprimitives bluetoothapis cfgmgr32 combase
comcat comctl32 coml2 compstui credui crypt32 cryptdll cryptnet cryptsp dbghelp dhcpcsvc dnsapi dssenh faultrep fltlib
fwpuclnt gdi32 hal hnetcfg imagehlp imm32 iphlpapi jsproxy kerberos kernel32 kernelbase ktmw32 mpr msacm32 msasn1
msimg32 msv1_0 msvcrt mswsock ncrypt netapi32 netutils newdev normaliz nsi ntdll ntdsapi ole32 oleaut32 pdh powrprof profapi
propsys psapi rpcrt4 rsaenh rstrtmgr samlib sas schannel schedsvc sechost secur32 security setupapi shcore shell32
shlwapi slc spoolss srvcli srvsvc sspicli taskschd tdh ucrtbase urlmon user32 userenv uxtheme vcruntime140 version
virtdisk wer wevtapi wevtsvc win32u winhttp wininet winmm winsta wintrust wldp wofutil ws2_32 wsock32 wtsapi32 xmllite"
exes="arp attrib cacls cmd conhost dllhost expand explorer fc find findstr fsutil hostname icacls ipconfig net netsh
netstat ping plugplay powershell reg regedit regsvr32 robocopy rpcss rundll32 sc schtasks secedit services setx shutdown
sort start subst svchost systeminfo taskkill tasklist where whoami wineboot wineconsole winedevice winepath xcopy"
other="ntoskrnl.exe cng.sys fltmgr.sys http.sys ksecdd.sys mountmgr.sys ndis.sys netio.sys nsiproxy.sys tdi.sys
chcp.com stdole2.tlb stdole32.tlb winspool.drv"
unix="bcrypt crypt32 dnsapi kerberos mountmgr msv1_0 netapi32 nsiproxy ntdll secur32 win32u winspool ws2_32"
{ for n in $dlls; do echo "$wd/$n.dll"; done; for n in $exes; do echo "$wd/$n.exe"; done
  for n in $other; do echo "$wd/$n"; done; for n in $unix; do echo "$w/x86_64-unix/$n.so"; done
  echo ./usr/share/wine/wine.inf; echo ./usr/share/wine/nls; } >"$t/keep"
r=$dest/root; mkdir -p "$r" "$dest/bin" "$t/x"
dpkg-deb --fsys-tarfile "$t"/debs/libwine_*.deb | tar -x -C "$r" -T "$t/keep"
for p in wine64 libz-mingw-w64 libc6 libunwind8 liblzma5 patchelf; do dpkg-deb -x "$t"/debs/${p}_*.deb "$t/x"; done
cp "$t"/x/usr/lib/wine/{wine64,wineserver64} "$r/usr/lib/x86_64-linux-gnu/wine/"
mkdir "$r/lib"
for n in ld-linux-x86-64.so.2 libc.so.6 libm.so.6 libresolv.so.2 libdl.so.2 libpthread.so.0 libunwind.so.8 liblzma.so.5; do
  cp -L "$t/x/usr/lib/x86_64-linux-gnu/$n" "$r/lib/"; done
cp "$t/x/usr/x86_64-w64-mingw32/lib/zlib1.dll" "$r/usr/lib/x86_64-linux-gnu/wine/x86_64-windows/" # user32 imports it
# Optional: drop the debug sections (half of the size) where binutils is there.
! command -v strip >/dev/null || [ "${WINE_STRIP:-}" != 1 ] || strip --strip-debug "$r"/usr/lib/x86_64-linux-gnu/wine/x86_64-windows/*.{dll,exe,sys,drv,com}
# wine64 finds ntdll.so, wine.inf and nls by a path relative to itself: Debian's place for it is usr/lib/wine.
mkdir -p "$r/usr/lib/wine"; mv "$r"/usr/lib/x86_64-linux-gnu/wine/{wine64,wineserver64} "$r/usr/lib/wine/"
ln -s wineserver64 "$r/usr/lib/wine/wineserver"; ln -s . "$r/usr/share/wine/wine"
for b in wine64 wineserver64; do # private ld.so and libc; DT_RPATH (not RUNPATH) also serves the .so files wine dlopens
  "$r/lib/ld-linux-x86-64.so.2" --library-path "$r/lib:/usr/lib/x86_64-linux-gnu" "$t/x/usr/bin/patchelf" \
    --set-interpreter "$r/lib/ld-linux-x86-64.so.2" --force-rpath --set-rpath "$r/lib" "$r/usr/lib/wine/$b"; done

# 3. Commands: wine, wineserver, and wine-run (run a command with a fresh prefix, drop it afterwards).
cat >"$dest/bin/env.sh" <<W
unset DISPLAY WAYLAND_DISPLAY WINELOADER WINEDLLPATH LD_LIBRARY_PATH
export WINEARCH=win64 WINEDEBUG="\${WINEDEBUG:--all}" WINEDLLOVERRIDES="mscoree,mshtml=;winemenubuilder.exe=d" WINESERVER="$r/usr/lib/wine/wineserver64"
export WINEPREFIX="\${WINEPREFIX:-$dest/prefix}" LC_ALL="\${LC_ALL:-C.UTF-8}"
fresh() { [ -e "\$1/.update-timestamp" ] || { mkdir -p "\$1" && cp -a "$dest/template/." "\$1/"; }; }
W
cat >"$dest/bin/wine" <<W
#!/bin/sh
. "$dest/bin/env.sh"
[ -e "\$WINEPREFIX/.update-timestamp" ] || ( flock 8; fresh "\$WINEPREFIX" ) 8>"\$WINEPREFIX.lock"
exec "$r/usr/lib/wine/wine64" "\$@"
W
cat >"$dest/bin/wineserver" <<W
#!/bin/sh
. "$dest/bin/env.sh"
exec "\$WINESERVER" "\$@"
W
cat >"$dest/bin/wine-run" <<W
#!/bin/sh
# wine-run CMD...: CMD with a fresh WINEPREFIX (and its services started); all its processes end with it.
d=\$(mktemp -d) || exit 1; export WINEPREFIX="\$d/prefix"; . "$dest/bin/env.sh"
trap '"\$WINESERVER" -k; "\$WINESERVER" -w; rm -rf "\$d"' EXIT
trap 'exit 130' INT TERM
fresh "\$WINEPREFIX"
"\$WINESERVER" -p </dev/null >/dev/null 2>&1
"$r/usr/lib/wine/wine64" wineboot </dev/null >/dev/null 2>&1
PATH="$dest/bin:\$PATH" "\$@"
W
chmod 755 "$dest"/bin/wine "$dest"/bin/wineserver "$dest"/bin/wine-run

# 4. The template prefix: made once, then each copied DLL becomes a link into root (so a copy is quick and small).
p=$t/prefix; s=$p/drive_c/windows/system32; mkdir -p "$s"; cp "$r/usr/lib/x86_64-linux-gnu/wine/x86_64-windows/zlib1.dll" "$s/"
# The null graphics driver (no display): without it every window, and so COM and RPCSS, fails.
printf 'WINE REGISTRY Version 2\n\n[Software\\\\Wine\\\\Drivers]\n"Graphics"="null"\n' >"$p/user.reg"
( export WINEPREFIX=$p; . "$dest/bin/env.sh"; "$r/usr/lib/wine/wine64" wineboot --init </dev/null >/dev/null 2>&1 9>&-
  "$WINESERVER" -k; "$WINESERVER" -w ) # the kill saves the registry first; without it the services linger for 8 s
find "$p/drive_c" -type f | while read -r f; do for b in "$r"/usr/{lib/x86_64-linux-gnu/wine/x86_64-windows,share/wine/nls}/"${f##*/}"; do
  if cmp -s "$f" "$b"; then ln -sf "$b" "$f"; fi; done; done
find "$p/drive_c/users" -type l -print | while read -r l; do rm "$l"; mkdir "$l"; done # no links into $HOME
rm -rf "$p/wineserver"; echo disable >"$p/.update-timestamp"
cp -a "$p" "$dest/template"
got=$(WINEPREFIX=$t/check "$dest/bin/wine" cmd /c echo ready 2>/dev/null 9>&- | tr -d '\r'); WINEPREFIX=$t/check "$dest/bin/wineserver" -k || true
[ "$got" = ready ] || { echo "wine does not run: '$got'" >&2; exit 1; }
echo "$rev $dest" >"$dest/.done"
echo "wine is ready in $dest ($(du -sm "$dest" | cut -f1) MB)"
