package gitdir

import "strings"

const objectsFolder = "objects/"

// objectsPlace is the place of a path below objects, or of objects itself for "".
func objectsPlace(below string) Place {
	first, name, deep := strings.Cut(below, "/")
	switch {
	case first == "":
		return keptFolder
	case isQuarantineName(first):
		return freeBoth
	case first == "info" || first == "pack":
		if !deep {
			return keptFolder
		}
		if first == "pack" {
			return packPlace(name)
		}
		return objectsInfoPlace(name)
	case len(first) == 2 && isHex(first):
		return loosePlace(name, deep)
	case first == "maintenance", isTemporaryObject(first): // of maintenance only the lock is made
		if !deep {
			return freeFile
		}
	}
	return Place{}
}

func loosePlace(name string, deep bool) Place {
	switch {
	case !deep:
		return freeFolder
	case isHex(name) && (len(name) == 38 || len(name) == 62):
		return object
	case isTemporaryObject(name):
		return freeFile
	}
	return Place{}
}

// packPlace is the place of a name in objects/pack.
func packPlace(name string) Place {
	if name == "multi-pack-index" {
		return summary
	}
	if strings.HasPrefix(name, "tmp_") && isName(name) || isUnfinishedPack(name) {
		return freeFile
	}
	stem, ext, _ := strings.Cut(name, ".")
	prefix, hash, ok := cutLast(stem, "-")
	if !ok || !isHash(hash) {
		return Place{}
	}
	switch prefix {
	case "pack", "loose":
		switch ext {
		case "pack", "idx", "rev", "bitmap", "mtimes", "promisor":
			return object
		case "keep":
			return freeFile
		}
	case "multi-pack-index":
		if ext == "bitmap" || ext == "rev" {
			return summary
		}
	}
	return Place{}
}

// isUnfinishedPack reports whether a name is like .tmp-123-pack-HASH.pack.
func isUnfinishedPack(name string) bool {
	rest, ok := strings.CutPrefix(name, ".tmp-")
	pid, rest, more := strings.Cut(rest, "-")
	return ok && more && isNumber(pid) && strings.HasPrefix(rest, "pack-") && isName(rest)
}

// objectsInfoPlace is the place of a path in objects/info. The table has no list of
// alternates: git would read other folders' objects.
func objectsInfoPlace(name string) Place {
	switch name {
	case "packs", "commit-graph":
		return summary
	case "commit-graphs":
		return freeFolder
	case "commit-graphs/commit-graph-chain":
		return summary
	}
	if random, ok := strings.CutPrefix(name, "packs_"); ok && isRandom(random) {
		return freeFile
	}
	graph, ok := strings.CutPrefix(name, "commit-graphs/")
	if !ok {
		return Place{}
	}
	if random, ok := strings.CutPrefix(graph, "tmp_graph_"); ok && isRandom(random) {
		return freeFile
	}
	stem, ext, _ := strings.Cut(graph, ".")
	if hash, ok := strings.CutPrefix(stem, "graph-"); ok && ext == "graph" && isHash(hash) {
		return summary
	}
	return Place{}
}

// isTemporaryObject reports whether a name is like tmp_obj_Ab12Cd.
func isTemporaryObject(name string) bool {
	return strings.HasPrefix(name, "tmp_obj_") && isName(name)
}

// isQuarantineName reports whether git keeps objects in a folder of objects until git moves
// or removes the objects.
func isQuarantineName(name string) bool {
	return strings.HasPrefix(name, "tmp_objdir-") && isName(name)
}

func isQuarantined(path string) bool {
	below, ok := belowObjects(path)
	first, _, _ := strings.Cut(below, "/")
	return ok && isQuarantineName(first)
}

// isUnfinished reports whether a path is below objects: with the class Free, the name of
// an object on the way.
func isUnfinished(path string) bool {
	_, ok := belowObjects(path)
	return ok
}

func belowObjects(path string) (string, bool) {
	if below, ok := strings.CutPrefix(path, objectsFolder); ok {
		return below, true
	}
	_, below, ok := strings.Cut(path, "/"+objectsFolder)
	return below, ok
}
