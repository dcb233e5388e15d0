#!/usr/bin/env bash
# machine-tests.sh DIR: runs what this machine can't on the one that setup-machine.sh has
# put in DIR: limits by cgroups, as root and as a user in a delegated part of the tree;
# Unix sockets by Landlock; a workspace on 9p.
set -euo pipefail
cd "$(dirname "$0")/.."
machine=$(realpath "${1:?usage: machine-tests.sh DIR}")
dir=$(mktemp -d "$machine/tests.XXXXXX") # not in /tmp, which the machine has its own of
trap 'rm -rf "$dir"' EXIT
CGO_ENABLED=0 go build -o "$dir/lockstile" ./cmd/lockstile
CGO_ENABLED=0 go build -tags lockstile_leave_out -o "$dir/lockstile-leave-out" ./cmd/lockstile
CGO_ENABLED=0 go test -c -o "$dir/cmd.test" ./cmd/lockstile
cat >"$dir/script" <<EOF
export PATH=$PATH LOCKSTILE_TEST_PROGRAMS=/tmp/programs
set -e
uname -r
mkdir -m 755 /tmp/programs
cp $dir/{lockstile,lockstile-leave-out,cmd.test} /tmp/programs # for users who may not read it there
as() { # user, cgroup, where starts make theirs
	mkdir /tmp/home-\$1
	chown \$1:\$1 /tmp/home-\$1
	cd /tmp/home-\$1
	(echo \$BASHPID >\$2/cgroup.procs
	HOME=\$PWD LOCKSTILE_TEST_CGROUPS=\$3 setpriv --reuid \$1 --regid \$1 --clear-groups \
		/tmp/programs/cmd.test -test.timeout 5m -test.run '${TESTS:-TestCgroup|TestOwnSockets|TestFoldingFileSystem}' -test.v | grep --line-buffered -E '^ *--- |^[A-Z]|_test.go|^ {8}')
}
set -o pipefail
all=/sys/fs/cgroup
echo '+memory +pids' >\$all/cgroup.subtree_control
as 0 \$all \$all
# On 9p, where all files are whose who runs the machine.
owner=\$(stat -c %u /mnt)
mkdir /mnt/tmp /tmp/home-9p
chown \$owner:\$owner /tmp/home-9p
cd /tmp/home-9p
TMPDIR=/mnt/tmp HOME=\$PWD setpriv --reuid \$owner --regid \$owner --clear-groups /tmp/programs/cmd.test -test.run 'TestWorkspaceWrite|TestTrustedNamesAreTakenBack/.(claude|envrc)|TestTakenBackIsKept' -test.v | grep -E '^ *--- |^[A-Z]|_test.go|^ {8}'
mkdir -p \$all/user/terminal
echo '+memory +pids' >\$all/user/cgroup.subtree_control
chown -R 47111:47111 \$all/user
as 47111 \$all/user/terminal \$all/user
EOF
bash scripts/machine.sh "$machine" "$dir/script"
