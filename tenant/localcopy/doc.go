// Package localcopy keeps on a node's own disk what it needs to serve after a restart with everything else down: sealed files in a Folder, and
// in one of them the Directory. Certificates keep theirs in another Folder.
//
// It is never the only place of anything, and nothing that is wrong with it stops the node: a file that is damaged, sealed with a key that
// is gone, moved from elsewhere or of another version is as good as absent, and a disk that takes nothing costs the copy and no more. It
// refuses to show at rest what it holds: contents are sealed, and file names tell no host. Who can write to the folder can take a file away or
// put an older one back, and no more: what a node then serves in an outage is what it once served.
//
//	folder := localcopy.NewFolder("/var/lib/tollhouse/directory", "directory", 1<<30, ring)
//	keeper := localcopy.NewDirectory(directory, folder, log)
//	go keeper.Run(ctx)
package localcopy
