package mountinfo

import "testing"

func TestCgroup(t *testing.T) {
	hybrid := []Mount{{FSType: "cgroup", Root: "/", Point: "/sys/fs/cgroup/memory"}, {FSType: "cgroup2", Root: "/", Point: "/sys/fs/cgroup/unified"}}
	part := []Mount{{FSType: "cgroup2", Root: "/machine/one", Point: "/cg"}}
	for _, c := range []struct {
		mounts      []Mount
		text        string
		folder, top string
	}{
		{hybrid, "4:memory:/a\n0::/user.slice/x\n", "/sys/fs/cgroup/unified/user.slice/x", "/sys/fs/cgroup/unified"},
		{hybrid, "0::/\n", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/unified"},
		{hybrid, "4:memory:/a\n", "", ""},
		{hybrid, "0::/../beside\n", "", ""},
		{part, "0::/machine/one/x\n", "/cg/x", "/cg"},
		{part, "0::/machine/one\n", "/cg", "/cg"},
		{part, "0::/machine/oneself\n", "", ""},
		{nil, "0::/\n", "", ""},
	} {
		if folder, top := Cgroup(c.mounts, c.text); folder != c.folder || top != c.top {
			t.Errorf("%q: %q below %q", c.text, folder, top)
		}
	}
}
