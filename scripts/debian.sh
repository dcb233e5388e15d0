# To be sourced: packages of another Debian suite, with apt's own checks, from the mirror
# that this machine already uses. The machine's lists, sources and dpkg state are not used
# or changed (its proxy, certificate and login settings still apply).

# debian SUITE DIR: has apt know the suite by a state in DIR, and leaves in opt the options
# by which apt-get and apt-cache use that.
debian() {
	local suite=$1 state=$2 mirror
	mkdir -p "$state"/{lists/partial,cache/archives/partial}
	mirror=$(apt-get --print-uris update | sed -n "s#^'\(.*\)/dists/[a-z]*/InRelease'.*#\1#p")
	mirror=${mirror%%$'\n'*}
	[ -n "$mirror" ] || { echo "no apt mirror is configured" >&2; exit 1; }
	echo "deb [arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$state/sources.list"
	: >"$state/status"
	opt=(-qq -o Dir::Etc::SourceList="$state/sources.list" -o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists="$state/lists"
		-o Dir::State::status="$state/status" -o Dir::Cache="$state/cache" -o APT::Sandbox::User=root -o Acquire::Languages=none
		-o Acquire::Retries=3 -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false)
	apt-get "${opt[@]}" update
}
